import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { stepScript } from "../../on-host";
import { stateOfEachTest } from "./host-state";

/** A Node as the API gives it, in one line, after its host has been silent for a while. */
const lost = {
  kind: "Node",
  apiVersion: "v1",
  metadata: {
    name: "cp1",
    uid: "6f6b0a52-0000-4000-8000-000000000000",
    resourceVersion: "4711",
    creationTimestamp: "2026-11-21T12:00:00Z",
    labels: { "kubernetes.io/hostname": "cp1", "node-role.kubernetes.io/control-plane": "", "rack.example/row": "7" },
    annotations: {
      note: 'a "status":{ in a text, "uid":"x", too',
      "kubeadm.alpha.kubernetes.io/cri-socket": "unix:///x",
    },
  },
  spec: {
    podCIDR: "10.244.1.0/24",
    podCIDRs: ["10.244.1.0/24"],
    unschedulable: true,
    taints: [
      { key: "node.kubernetes.io/unreachable", effect: "NoSchedule", timeAdded: "2026-11-21T12:00:00Z" },
      { key: "node-role.kubernetes.io/control-plane", effect: "NoSchedule" },
      { key: "node.kubernetes.io/unreachable", effect: "NoExecute", timeAdded: "2026-11-21T12:00:05Z" },
    ],
  },
  status: { conditions: [{ type: "Ready", status: "Unknown" }], addresses: [{ type: "Hostname", address: "cp1" }] },
};
const { uid: _uid, resourceVersion: _version, ...metadata } = lost.metadata;
const wanted = {
  ...{ kind: "Node", apiVersion: "v1", metadata },
  spec: { unschedulable: true, taints: [{ key: "node-role.kubernetes.io/control-plane", effect: "NoSchedule" }] },
};

describe("giving the returned hosts' Nodes back", function () {
  this.timeout(60_000);
  const host = stateOfEachTest({ epoch: "3\n", act: "primary\n", "admin.conf": "" });

  /** Else a step that is done isn't done again. */
  let generation = 0;

  /** @param post the API's answer to a POST, with its code */
  function run(nodes: string[], kept: Record<string, string> = {}, post = "{}\n201") {
    mkdirSync(host.at("epoch-2", "nodes"), { recursive: true });
    for (const [name, text] of Object.entries(kept)) writeFileSync(host.at("epoch-2", "nodes", `${name}.json`), text);
    host.program(
      "curl",
      `#!/bin/bash\ncd $RKE_DR_STATE\ncat >body; printf '%s ' "\${@: -1}" "$(grep -oE -- 'POST|PATCH' <<<"$*")" >>asked; cat body >>asked; echo >>asked
case "$*" in *POST*) printf '%s' '${post}' ;; *) printf '{}\\n200' ;; esac\n`,
    );
    const script = `${stepScript("nodes-back", { runtime: "static-pod", installer: "kubeadm" })}\nadmin_tls() { tls_ca=a tls_cert=b tls_key=c; }`;
    const done = host.step(["nodes-back", 3, ++generation, "primary", "lab", "https://api", 2, ...nodes], script);
    const sent = host
      .read("asked")
      .split("\n")
      .filter(Boolean)
      .map((line) => {
        const [url = "", verb = ""] = line.split(" ");
        return { url, verb, body: JSON.parse(line.slice(url.length + verb.length + 2)) };
      });
    return { ...done, sent };
  }

  it("makes a Node as it was, without what belonged to its old life", () => {
    const { status, stderr, sent } = run(["control-plane=cp1"], { cp1: `${JSON.stringify(lost)}\n` });
    assert.equal(status, 0, stderr);
    assert.deepEqual(sent, [{ url: "https://api/api/v1/nodes", verb: "POST", body: wanted }]);
  });

  it("drops the taints of silence wherever they stand", () => {
    const silent = lost.spec.taints[0];
    const own = lost.spec.taints[1];
    for (const taints of [[silent], [silent, silent], [own, silent], [silent, own], [own]]) {
      const { sent } = run(["worker=cp1"], { cp1: JSON.stringify({ ...lost, spec: { taints } }) });
      assert.deepEqual(sent.at(-1)?.body.spec.taints, taints.includes(own) ? [own] : []);
    }
  });

  it("gives a Node that its kubelet has registered already its labels and taints", () => {
    const exists = '{"reason":"AlreadyExists"}\n409';
    const { status, stderr, sent } = run(["worker=cp1"], { cp1: JSON.stringify(lost) }, exists);
    assert.equal(status, 0, stderr);
    assert.deepEqual(sent[1], {
      url: "https://api/api/v1/nodes/cp1?fieldManager=rke-dr",
      verb: "PATCH",
      body: { metadata: { labels: lost.metadata.labels }, spec: { taints: wanted.spec.taints } },
    });
  });

  it("gives a control plane Node that nobody has kept kubeadm's own label and taint, and leaves a worker to its kubelet", () => {
    const { status, stderr, sent } = run(["control-plane=cp2", "worker=worker1"]);
    assert.equal(status, 0, stderr);
    assert.equal(sent.length, 1);
    assert.deepEqual(sent[0]?.body.metadata.labels, {
      "node-role.kubernetes.io/control-plane": "",
      "node.kubernetes.io/exclude-from-external-load-balancers": "",
    });
    assert.deepEqual(sent[0]?.body.spec.taints, wanted.spec.taints);
  });
});
