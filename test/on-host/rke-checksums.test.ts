import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { stepScript } from "../../on-host";
import { upFile } from "../rke-golden";
import { stateOfEachTest } from "./host-state";
import { edit } from "./rkestate";

interface WithEnv {
  currentState: { rkeConfig: { services: { kubeApi: { extraEnv?: string[] } } } };
}
const recorded = upFile("rkestate-30-before-edit.nokeys.json");
const audit = "RKE_AUDITLOG_CONFIG_CHECKSUM=a";
const cloud = "RKE_CLOUD_CONFIG_CHECKSUM=c";

/** The recorded state with these values in kubeApi.extraEnv of its current state. */
function state(extraEnv: string[] | undefined, indent = 2): string {
  const read = JSON.parse(recorded) as WithEnv;
  // in RKE's order of keys, in which extraEnv is never the last one
  const { extraEnv: _, ...others } = read.currentState.rkeConfig.services.kubeApi;
  read.currentState.rkeConfig.services.kubeApi = extraEnv === undefined ? others : { extraEnv, ...others };
  return `${JSON.stringify(read, null, indent)}\n`;
}
const settled = (text: string, copies: number) => edit("lib/checksums", text, "with_copies", String(copies));

describe("checksums in RKE's state have as many copies as RKE is about to compare with", () => {
  for (const [what, before, copies, after] of [
    ["fewer", [audit, audit, audit], 1, [audit]],
    ["more", [audit], 3, [audit, audit, audit]],
    ["as many", [audit, audit], 2, [audit, audit]],
    ["the operator's own variables stay first", ["A=1", audit, audit, "B=2"], 1, ["A=1", "B=2", audit]],
    [
      "pairs, as RKE appends them for each plan",
      [cloud, audit, cloud, audit],
      3,
      [cloud, audit, cloud, audit, cloud, audit],
    ],
    ["the newest value of each", ["RKE_AUDITLOG_CONFIG_CHECKSUM=old", audit], 2, [audit, audit]],
    ["none, and the list goes", [audit, audit], 0, undefined],
    ["none, and the operator's variables stay", ["A=1", audit], 0, ["A=1"]],
    ["no checksums at all", ["A=1"], 2, ["A=1"]],
    ["no list at all", undefined, 2, undefined],
  ] as const) {
    for (const indent of [1, 2]) {
      it(`${what} (indented by ${indent})`, () => {
        const result = settled(state(before && [...before], indent), copies);
        assert.equal(result.code, 0, result.error);
        assert.equal(result.state, state(after && [...after], indent));
      });
    }
  }

  it("the desired state, and etcd's own variables, stay", () => {
    const read = JSON.parse(state([audit, audit])) as WithEnv & Record<string, unknown>;
    Object.assign(read.currentState.rkeConfig.services, { etcd: { extraEnv: [audit, audit], image: "e" } });
    const whole = { desiredState: read.currentState, currentState: structuredClone(read.currentState) };
    const expected = structuredClone(whole);
    expected.currentState.rkeConfig.services.kubeApi.extraEnv = [audit];
    assert.deepEqual(JSON.parse(settled(JSON.stringify(whole, null, 2), 1).state), expected);
  });

  for (const [what, text] of [
    ["a file that ends early", state([audit]).slice(0, -400)],
    ["a state in one line", JSON.stringify(JSON.parse(recorded))],
  ] as const) {
    it(`refuses ${what}`, () => assert.notEqual(settled(text, 1).code, 0));
  }
});

describe("rke-up prepares the checksums before rke reads its state", function () {
  this.timeout(60_000);
  const host = stateOfEachTest(
    { epoch: "1\n", act: "primary\n" },
    { rke: `#!/bin/sh\ncp cluster.rkestate read-by-rke\n` },
  );
  const run = (...args: string[]) => {
    mkdirSync(host.at("here/certs"), { recursive: true });
    host.write("here/certs/kube-ca.pem", "PEM\n");
    host.write("here/kube_config_cluster.yml", '  server: "https://1.1.1.1:6443"\n');
    host.write("here/cluster.rkestate", state([audit, audit, audit]));
    const script = stepScript("rke-up").replaceAll("/etc/rke-dr", host.at("here"));
    const result = host.step(["rke-up", 1, 1, "primary", "lab", "https://1.1.1.1:6443", ...args], script);
    assert.equal(result.status, 0, result.stderr);
    return { read: readFileSync(host.at("here/read-by-rke"), "utf8"), did: result.stdout + result.stderr };
  };

  it("with the number that it is given", () => {
    const { read, did } = run("--checksums=1");
    assert.equal(read, state([audit]));
    assert.match(did, /checksums in currentState.*: 1 of each now/);
  });

  it("and leaves the state alone if it is given none", () => assert.equal(run().read, state([audit, audit, audit])));
});
