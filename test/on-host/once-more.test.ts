import assert from "node:assert/strict";
import { stepScript } from "../../on-host";
import type { StepName } from "../../plan/steps/names";
import { stateOfEachTest } from "./host-state";

/** etcdctl in docker that fails so often before it answers; it writes down how often it was asked. */
const etcd = (failures: number, answer: string) => `#!/bin/bash
echo x >>$RKE_DR_STATE/asked
(($(wc -l <$RKE_DR_STATE/asked) > ${failures})) || { echo "etcd is starting" >&2; exit 1; }
printf '%s\n' '${answer}'
`;
/** An API server that answers 500 so often before it answers each request well; a read returns what was written last. */
const api = (failures: number, lists: string) => `#!/bin/bash
echo x >>$RKE_DR_STATE/asked
body=$(cat)
(($(wc -l <$RKE_DR_STATE/asked) > ${failures})) || { printf '{"message":"etcdserver: no leader"}\n500'; exit; }
[[ -z $body ]] || printf '%s' "$body" >$RKE_DR_STATE/object
case $* in
  */endpoints/*) printf '{"ip":"10.0.0.3"}\n200' ;;
  */apps/v1/*) printf '%s\n200' '${lists}' ;;
  *) printf '%s\n200' "$(cat $RKE_DR_STATE/object)" ;;
esac
`;
const deployments = '{"items":[{"metadata":{"name":"coredns"}}]}';

describe("a step that asks etcd or the API of a recovered cluster", function () {
  // some dozens of processes, which a busy machine may keep waiting
  this.timeout(60_000);
  const host = stateOfEachTest({ epoch: "2\n", act: "failover\n" });

  function run(step: StepName, args: string[], program: [name: string, text: string], limit: number) {
    host.program(...program);
    const script = stepScript(step).replaceAll("until_true 60", `until_true ${limit}`);
    return host.step([step, 2, 1, "failover", "lab", ...args], script);
  }

  const cases: [
    step: StepName,
    args: string[],
    program: (failures: number) => [string, string],
    says: RegExp,
    fails: RegExp,
  ][] = [
    [
      "masterleases",
      ["10.0.0.1", "10.0.0.2"],
      (n) => ["docker", etcd(n, "1")],
      /masterleases\/10\.0\.0\.2 deleted/,
      /masterleases\/10\.0\.0\.1 can't be deleted: etcd is starting/,
    ],
    [
      "verify-member",
      ["cp3"],
      (n) => ["docker", etcd(n, "1, started, cp3, https://c:2380, https://c:2379, false")],
      /etcd members: cp3/,
      /the members are not known, it gives no list, expected cp3/,
    ],
    [
      "verify",
      ["https://api", "10.0.0.3", "10.0.0.1"],
      (n) => ["curl", api(n, "")],
      /a write and a read through the API/,
      /a write is refused, or a read doesn't return it: .*no leader/,
    ],
    [
      "addons",
      ["https://api", "kube-system"],
      (n) => ["curl", api(n, deployments)],
      /deployment kube-system\/coredns: its pods are replaced/,
      /namespace kube-system can't be listed: .*no leader/,
    ],
  ];
  for (const [step, args, program, says, fails] of cases) {
    it(`${step} asks again if it fails at first: an etcd may just be starting again`, () => {
      const ran = run(step, args, program(2), 60);
      assert.equal(ran.status, 0, ran.stderr);
      assert.match(ran.stderr, says);
    });
    it(`${step} fails with the last answer if it stays so, and says what to type`, () => {
      const ran = run(step, args, program(10_000), 1);
      assert.equal(ran.status, 1, ran.stderr);
      assert.match(ran.stderr, fails);
      assert.match(ran.stderr, /run the same command again/);
    });
  }
});
