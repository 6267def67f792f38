import assert from "node:assert/strict";
import { stepScript } from "../../on-host";
import { stateOfEachTest } from "./host-state";

describe("asking the API by its name", function () {
  this.timeout(60_000);
  const act = "failover:a:forceNewCluster:cp3";
  const host = stateOfEachTest({ epoch: "2\n", act: `${act}\n` });
  const name = "api.lab.test";

  /**
   * @param leads the addresses to which the name leads
   * @param api what answers there: the text of /readyz, and the `act` that the ConfigMap says
   * @param isWorker if the host has no admin.conf
   */
  function run(leads: string[], must: boolean, api: { ready: string; act: string }, isWorker = false) {
    host.program("getent", `#!/bin/sh\n${leads.map((one) => `echo ${one} STREAM x`).join("\n") || "exit 2"}\n`);
    host.program(
      "curl",
      `#!/bin/bash\ncase "$*" in *https://${name}:6443/readyz*) printf '%s' '${api.ready}' ;;
*https://${name}:6443/api/v1/namespaces/kube-system/configmaps/rke-dr-epoch-2*) printf '%s\\n%s' '{"data":{"act":"${api.act}"}}' ${api.act === "" ? 404 : 200} ;;
*) exit 7 ;; esac\n`,
    );
    host.write("admin.conf", isWorker ? "" : "there\n");
    const script = stepScript("endpoint", { runtime: "static-pod", installer: "kubeadm" })
      .replace("/etc/kubernetes/admin.conf", host.at("admin.conf"))
      .replaceAll(/echo (90|3)\b/g, "echo 1");
    const data = `name=${name}\nport=6443\nlost=192.168.31.111 192.168.31.112\nmust=${must ? "yes" : "no"}`;
    return host.step(["endpoint", 2, 1, act, "lab"], `${script}\nadmin_tls() { tls_ca=a tls_cert=b tls_key=c; }`, data);
  }
  const sound = { ready: "ok", act };

  it("succeeds if a ready API of this act answers at a survivor", () => {
    const { status, stdout, stderr } = run(["192.168.31.113"], true, sound);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /"leads":"192\.168\.31\.113"/);
  });
  it("takes any ready API of the cluster's CA on a worker, which may read no ConfigMap", () =>
    assert.equal(run(["192.168.31.113"], true, { ready: "ok", act: "" }, true).status, 0));

  const refused: [what: string, leads: string[], api: typeof sound, why: RegExp][] = [
    ["leads nowhere", [], sound, /must lead to an API server of this act: it leads nowhere\./],
    ["leads to a lost host", ["192.168.31.112"], sound, /it leads to 192\.168\.31\.112, which was given up\./],
    ["leads to a lost host, too", ["192.168.31.113", "192.168.31.111"], sound, /192\.168\.31\.111, which was given up/],
    [
      "leads to an API that isn't ready",
      ["192.168.31.9"],
      { ready: "", act },
      /at 192\.168\.31\.9 no ready API answers/,
    ],
    ["leads to another cluster's API", ["192.168.31.9"], { ready: "ok", act: "" }, /another cluster answers/],
    [
      "leads to an API that hasn't heard of this act",
      ["192.168.31.9"],
      { ready: "ok", act: "primary" },
      /another cluster/,
    ],
  ];
  for (const [what, leads, api, why] of refused) {
    it(`fails if the name ${what}; with the operator's word it only says so`, () => {
      const failed = run(leads, true, api);
      assert.equal(failed.status, 1, failed.stderr);
      assert.match(failed.stderr, why);
      const told = run(leads, false, api);
      assert.equal(told.status, 0, told.stderr);
      assert.match(told.stdout, /the API doesn't answer by api\.lab\.test yet: /);
    });
  }
});
