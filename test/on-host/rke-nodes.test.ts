import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { onHostText, stepScript, withNeeds } from "../../on-host";
import { upFile } from "../rke-golden";
import { stateOfEachTest } from "./host-state";

const stateBefore = upFile("rkestate-30-before-edit.nokeys.json");
const member = "controlplane,worker,etcd";
/** A host of the topology as the step gets it. */
const host = (name: string, address: string, roles = member) => `${name}=${address}=${address}=root=22=${roles}`;
/** The hosts of `before`. */
const known = [
  host("master3", "192.168.31.103"),
  host("master1", "192.168.31.101"),
  host("master2", "192.168.31.102"),
  host("node1", "192.168.31.104", "worker"),
  host("node2", "192.168.31.105", "worker"),
];
const without = (...names: string[]) => known.filter((entry) => !names.some((name) => entry.startsWith(`${name}=`)));

/** Runs a function of the step's script alone. */
function call(state: string, ...args: string[]) {
  const texts = withNeeds("installers/rke/rke-nodes", onHostText).filter((name) => name.startsWith("installers/"));
  const functions = texts.map(onHostText).join("\n");
  const code = `set -euo pipefail; die() { echo "$*" >&2; exit 1; }; eval "$1"; shift; "$@"`;
  const run = spawnSync("bash", ["-c", code, "bash", functions, ...args], { input: state, encoding: "utf8" });
  return { code: run.status, text: run.stdout, error: run.stderr };
}
interface State {
  currentState: {
    rkeConfig: { nodes: { address: string; hostnameOverride: string; role: string[] }[] };
    certificatesBundle: Record<string, { certificatePEM: string; keyPEM: string }>;
  };
}
const nodes = (text: string) =>
  (JSON.parse(text) as State).currentState.rkeConfig.nodes.map((n) => `${n.hostnameOverride} ${n.address} ${n.role}`);

describe("the hosts of RKE's state and those of the topology", () => {
  const rows: [what: string, hosts: string[], changes: string[]][] = [
    ["the same", known, []],
    ["the same in another order", [...known].reverse(), []],
    ["a host has left", without("master2"), ["gone master2 root@192.168.31.102:22"]],
    [
      "a host joins, another has left",
      [...without("node1"), host("node3", "192.168.31.107", "worker")],
      ["gone node1 root@192.168.31.104:22", "new node3 -"],
    ],
    [
      "a host has another address, which begins like the old one",
      [...without("node2"), host("node2", "192.168.31.10", "worker")],
      ["gone node2 root@192.168.31.105:22", "new node2 -"],
    ],
    [
      "a host gets the role etcd, another loses it",
      [
        ...without("node1", "master2"),
        host("node1", "192.168.31.104", "worker,etcd"),
        host("master2", "192.168.31.102", "worker"),
      ],
      ["moved master2 -", "moved node1 -"],
    ],
    [
      "a host has another internal address",
      [...without("node1"), "node1=192.168.31.104=10.7.0.4=root=22=worker"],
      ["moved node1 -"],
    ],
  ];
  for (const [what, hosts, changes] of rows) {
    it(`are compared: ${what}`, () => {
      const { text, error } = call(stateBefore, "changed_nodes", ...hosts);
      assert.equal(error, "");
      assert.deepEqual(text.split("\n").filter(Boolean), changes);
    });
  }
});

describe("currentState gets the topology's hosts", () => {
  const edit = (text: string, hosts: string[], certificates = "/dev/null") =>
    call(text, "sync_nodes", certificates, ...hosts);

  for (const indent of [1, 2]) {
    const text = `${JSON.stringify(JSON.parse(stateBefore), null, indent)}\n`;
    it(`a host that has left is dropped, and nothing else is changed (indented by ${indent})`, () => {
      const expected = JSON.parse(text) as State;
      const { rkeConfig } = expected.currentState;
      rkeConfig.nodes = rkeConfig.nodes.filter((n) => n.hostnameOverride !== "master2");
      assert.equal(edit(text, without("master2")).text, `${JSON.stringify(expected, null, indent)}\n`);
    });

    it(`a new etcd host is entered for etcd alone, under another name; a killed run changes nothing more (indented by ${indent})`, () => {
      const hosts = [...known, host("master4", "192.168.31.106"), host("node3", "192.168.31.107", "worker")];
      const once = edit(text, hosts).text;
      assert.deepEqual(nodes(once).slice(-2), [
        "node2 192.168.31.105 worker",
        "master4.joined-etcd 192.168.31.106 etcd",
      ]);
      assert.equal(once, `${JSON.stringify(JSON.parse(once), null, indent)}\n`);
      assert.equal(edit(once, hosts).text, once);
      // RKE's run is still due
      assert.deepEqual(call(once, "changed_nodes", ...hosts).text, "new master4 -\nnew node3 -\n");
      // taken out of the topology again, it leaves by its Node's name
      assert.deepEqual(call(once, "changed_nodes", ...known).text, "gone master4 root@192.168.31.106:22\n");
    });
  }

  it("an internal address is the topology's, and nothing else of the host is changed", () => {
    const hosts = [...without("node1"), "node1=192.168.31.104=10.7.0.4=root=22=worker"];
    const { text } = edit(stateBefore, hosts);
    const expected = JSON.parse(stateBefore);
    for (const n of expected.currentState.rkeConfig.nodes) {
      if (n.address === "192.168.31.104") n.internalAddress = "10.7.0.4";
    }
    assert.deepEqual(JSON.parse(text), expected);
    assert.equal(call(text, "changed_nodes", ...hosts).text, "");
  });

  it("the role etcd is where the topology has it, and a host with no other role is dropped", () => {
    const etcdOnly = stateBefore.replace(/(192\.168\.31\.101",\s*"role": \[)[^\]]*\]/g, '$1\n      "etcd"\n     ]');
    const hosts = [
      ...without("master1", "master2", "node1"),
      host("master1", "192.168.31.101", "worker"),
      host("master2", "192.168.31.102", "controlplane,worker"),
      host("node1", "192.168.31.104", "worker,etcd"),
    ];
    assert.deepEqual(nodes(edit(etcdOnly, hosts).text), [
      "master3 192.168.31.103 controlplane,worker,etcd",
      "master2 192.168.31.102 controlplane,worker",
      "node1 192.168.31.104 worker,etcd",
      "node2 192.168.31.105 worker",
    ]);
  });

  it("a certificate that follows the hosts is replaced in currentState alone, its key stays", () => {
    const pem = "-----BEGIN CERTIFICATE-----\\nMIIB+/=\\n-----END CERTIFICATE-----\\n";
    const functions = `kube-apiserver ${pem}\nkube-etcd-10-0-0-9 ${pem}\n`;
    const run = call(stateBefore, "eval", `sync_nodes <(printf %s '${functions}') ${known.join(" ")}`);
    const [old, edited] = [JSON.parse(stateBefore), JSON.parse(run.text)] as [State, State];
    old.currentState.certificatesBundle["kube-apiserver"] = {
      ...old.currentState.certificatesBundle["kube-apiserver"],
      certificatePEM: "-----BEGIN CERTIFICATE-----\nMIIB+/=\n-----END CERTIFICATE-----\n",
    } as State["currentState"]["certificatesBundle"][string];
    assert.deepEqual(edited, old);
  });

  for (const [what, text, hosts] of [
    ["a state that isn't in RKE's form", JSON.stringify(JSON.parse(stateBefore)), known],
    ["a cut state", stateBefore.slice(0, stateBefore.lastIndexOf('"hostnameOverride": "node2"')), known],
    ["no node left", stateBefore, [host("other", "10.0.0.1", "worker")]],
  ] as const) {
    it(`refuses ${what}`, () => {
      const result = edit(text, [...hosts]);
      assert.equal(result.code, 1);
      assert.match(result.error, /cluster\.rkestate is not as RKE writes it; it was left as it is/);
    });
  }
});

describe("a host that has left", function () {
  // some dozens of processes, which a busy machine may keep waiting
  this.timeout(60_000);
  const own = stateOfEachTest(
    { epoch: "1\n", act: "primary\n", cluster: "lab\n" },
    {
      // the API: whatever is asked succeeds, and is noted
      curl: '#!/bin/sh\necho "$@" >>$RKE_DR_STATE/asked\nprintf "{}\\n200"\n',
      // SSH's answer is the file `ssh-says`, its exit code the file `ssh-code`
      ssh: '#!/bin/sh\necho "$@" >>$RKE_DR_STATE/sent; cat >>$RKE_DR_STATE/input; cat "$RKE_DR_STATE/ssh-says" >&2; exit "$(cat "$RKE_DR_STATE/ssh-code")"\n',
    },
  );
  let port = 0;
  const server = createServer();
  before(
    () =>
      new Promise<void>((resolve) =>
        server.listen(0, "127.0.0.1", () => {
          port = (server.address() as AddressInfo).port;
          resolve();
        }),
      ),
  );
  after(() => server.close());

  /** master2 has left; its SSH port accepts connections if `answers`. */
  function run(answers: boolean, code = 0, says = "master2: nothing of the cluster runs here any more\n") {
    mkdirSync(own.at("rke-dr/certs"), { recursive: true });
    const state = `${JSON.stringify(JSON.parse(stateBefore), null, 1)}\n`.replaceAll("192.168.31.102", "127.0.0.1");
    const at = state.indexOf('"currentState"');
    const current = state.slice(at).replace(/("address": "127\.0\.0\.1",\s*"port": )"22"/, `$1"${answers ? port : 1}"`);
    own.write("rke-dr/cluster.rkestate", state.slice(0, at) + current);
    own.write("ssh-says", says);
    own.write("ssh-code", `${code}`);
    const script = stepScript("rke-nodes").replaceAll("/etc/rke-dr", own.at("rke-dr"));
    const data =
      "@@ line claim root timeout 60 bash -s --\n@@ line leave root timeout 300 bash -s --\n@@ step claim 60\nclaiming\n@@ step leave 300\nleaving\n";
    const args = ["rke-nodes", 1, 1, "primary", "lab", "https://1.1.1.1:6443", "--", ...without("master2")];
    return own.step(args, script, data);
  }
  const left = () => nodes(own.read("rke-dr/cluster.rkestate")).map((line) => line.split(" ")[0]);

  it("that answers takes itself out of service, its Node is deleted, and it is off RKE's lists", () => {
    const result = run(true);
    assert.equal(result.status, 0, result.stderr);
    assert.match(own.read("sent"), /-- claim 1 1 primary lab$/m);
    assert.match(own.read("sent"), /-- leave 1 1 primary lab all 192\.168\.31\.101,192\.168\.31\.103,/);
    assert.equal(own.read("input"), "claiming\nleaving\n");
    assert.match(own.read("asked"), /-X DELETE [\s\S]*\/api\/v1\/nodes\/master2/);
    assert.deepEqual(left(), ["master3", "master1", "node1", "node2"]);
    assert.match(own.read("rke-dr/cluster.rkestate.before-change"), /"hostnameOverride": "master2"/);
  });

  it("that doesn't answer is only taken off the lists", () => {
    const result = run(false);
    assert.equal(result.status, 0, result.stderr);
    assert.match(result.stderr, /master2 \(127\.0\.0\.1\) doesn't answer: it is only taken off the lists/);
    assert.equal(own.has("sent"), false);
    assert.match(own.read("asked"), /nodes\/master2/);
    assert.deepEqual(left(), ["master3", "master1", "node1", "node2"]);
  });

  it("that answers and can't be stopped ends the step, and its Node and RKE's state stay", () => {
    const result = run(true, 255, "Permission denied (publickey).\n");
    assert.equal(result.status, 1);
    assert.match(
      result.stderr,
      /master2 \(127\.0\.0\.1\) answers SSH, and can't be taken out of service: Permission denied/,
    );
    assert.equal(own.has("asked"), false);
    assert.equal(left().length, 5);
  });

  it("in whose place another machine answers is only taken off the lists", () => {
    const result = run(
      true,
      255,
      "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.\n",
    );
    assert.equal(result.status, 0, result.stderr);
    assert.match(result.stderr, /shows another host key: it isn't the host that RKE knew/);
    assert.deepEqual(left(), ["master3", "master1", "node1", "node2"]);
  });
});
