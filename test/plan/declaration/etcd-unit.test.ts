import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { parseTopology, TopologyError, warnings } from "../../../plan/declaration/declaration";
import { actProblems } from "../../../plan/declaration/installers";
import { inventoryChange } from "../../../plan/installers/etcd-unit/inventory";
import {
  externalEndpoints,
  joiningEtcd,
  plannedApiServer,
  plannedEtcd,
  recoveredEtcd,
} from "../../../plan/installers/etcd-unit/processes";
import { argument, commandOf } from "../../../plan/runtimes/process";
import { afterLoss, inPeace } from "../../../plan/topology/site";
import { allHosts, type Topology } from "../../../plan/topology/topology";

interface Raw {
  [key: string]: unknown;
  datacenters: { hosts: Record<string, unknown>[] }[];
  etcdUnit: Record<string, unknown> & { env: string };
}
/** A topology of topologies/, changed. */
const raw = (name: string, change: (topology: Raw) => void = () => {}): Raw => {
  const topology: Raw = parse(readFileSync(join(__dirname, "../../../topologies", `${name}.yaml`), "utf8"));
  change(topology);
  return topology;
};
const hostOf = (topology: Raw, name: string): Record<string, unknown> => {
  const found = topology.datacenters.flatMap((dc) => dc.hosts).find((h) => h.name === name);
  assert.ok(found, name);
  return found;
};
const problemsOf = (value: unknown): string[] => {
  try {
    parseTopology(value);
    return [];
  } catch (error) {
    assert.ok(error instanceof TopologyError, String(error));
    return error.problems;
  }
};
const host = (topology: Topology, name: string) => {
  const found = allHosts(topology).find((h) => h.name === name);
  assert.ok(found, name);
  return found;
};

describe("a topology whose etcd is a unit of systemd", () => {
  for (const name of ["kubespray", "kubekey", "unit"]) {
    it(`of ${name} is valid, and nothing deserves a second look but keys that aren't pinned`, () => {
      const topology = parseTopology(raw(name));
      assert.equal(topology.installer, name);
      assert.equal(
        warnings(topology).every((words) => /hostKey: unpinned/.test(words)),
        true,
        warnings(topology).join("\n"),
      );
    });
  }

  for (const [what, value, problems] of [
    [
      "a key of RKE's and one that stands elsewhere",
      raw("kubespray", (t) =>
        Object.assign(t, { rke: { network: {} }, serviceCidr: "10.43.0.0/16", etcd: { electionTimeout: 1 } }),
      ),
      [
        'topology.serviceCidr: is not a key of the installer kubespray (kubeadm has it under kubeadm.networking.serviceSubnet): "10.43.0.0/16"',
        "topology.etcd.electionTimeout: is not a key of the installer kubespray (it stands in etcdUnit.env): 1",
        'topology.rke: is not a key of the installer kubespray: {"network":{}}',
      ],
    ],
    [
      "an etcd of kubeadm's own",
      raw("kubekey", (t) => Object.assign(t, { kubeadm: { etcd: { local: {} } } })),
      ["topology.kubeadm.etcd.local: is not a key of the installer kubekey: {}"],
    ],
    [
      "kubeadm's keys for an etcd alone",
      raw("unit", (t) => Object.assign(t, { kubeadm: {}, kubernetesVersion: "v1.36.3" })),
      [
        "topology.kubeadm: is not a key of the installer unit: {}",
        'topology.kubernetesVersion: is not a key of the installer unit: "v1.36.3"',
      ],
    ],
    [
      "etcd's unit in a topology of kubeadm",
      { ...parse(readFileSync(join(__dirname, "../../../topologies/kubeadm.yaml"), "utf8")), etcdUnit: { env: "A=1" } },
      ['topology.etcdUnit: is not a key of the installer kubeadm: {"env":"A=1"}'],
    ],
    [
      "no file of settings",
      raw("unit", (t) => Object.assign(t, { etcdUnit: {} })),
      ["topology.etcdUnit.env: is missing: nothing"],
    ],
    [
      "a word in braces that stands for nothing, and a line that systemd ignores",
      raw("unit", (t) => {
        t.etcdUnit.env = `export ETCD_X=1\nETCD_NAME={membre}\n${t.etcdUnit.env}`;
      }),
      [
        'topology.etcdUnit.env line 1: is no NAME=VALUE, so systemd ignores it: "export ETCD_X=1"',
        'topology.etcdUnit: a word in braces is none that stands for a host\'s own value (did you mean "member"?): {membre}',
      ],
    ],
    [
      "a flag that is given both ways",
      raw("unit", (t) => {
        t.etcdUnit.arguments = ["-name", "{member}", "--metrics=basic"];
      }),
      ["node1", "node2", "node3"].map(
        (_, i) =>
          `topology.datacenters[${i === 2 ? 1 : 0}].hosts[${i % 2}]: a flag stands in ExecStart= and in the file of settings, so etcd ends at once: ETCD_NAME`,
      ),
    ],
    [
      "a file that says another name and address than the host's entry",
      raw("unit", (t) => {
        hostOf(t, "node3").etcdUnit = {
          env: String(t.etcdUnit.env).replaceAll("{address}", "10.0.0.9").replace("{member}", "other"),
        };
      }),
      [
        "topology.datacenters[1].hosts[0]: etcd's name must be node3, by the host's entry here: \"other\"",
        "topology.datacenters[1].hosts[0]: etcd's initial-advertise-peer-urls must be https://192.168.31.113:2380, by the host's entry here: \"https://10.0.0.9:2380\"",
      ],
    ],
    [
      "two members of one name, a worker with a unit, a learner",
      raw("kubespray", (t) => {
        hostOf(t, "node2").etcdUnit = { member: "etcd1" };
        hostOf(t, "node4").etcdUnit = { member: "etcd4" };
        Object.assign(hostOf(t, "node5"), { etcd: "learner" });
      }),
      [
        'topology.datacenters: the name of a member of etcd is used twice: "etcd1"',
        'topology.datacenters[0].hosts[2].etcdUnit: only hosts with the role etcd have it: ["member"]',
        'topology.datacenters[1].hosts[1].etcd: a learner of an etcd that is a unit isn\'t built: "learner"',
      ],
    ],
  ] as [string, unknown, string[]][]) {
    it(`refuses ${what}`, () => assert.deepEqual(problemsOf(value), problems));
  }

  it("acts name each setting that they know no other value of", () => {
    const changed = raw("kubekey", (t) => {
      t.etcdUnit.env = `${String(t.etcdUnit.env)
        .replace("ETCD_DATA_DIR=/var/lib/etcd", "ETCD_DATA_DIR=/data/etcd")
        .replace(/ETCD_TRUSTED_CA_FILE=.*\n/, "")}ETCD_WAL_DIR=/wal\n`;
    });
    assert.deepEqual(
      actProblems(parseTopology(changed)).filter((words) => /node3/.test(words)),
      [
        "topology.etcdUnit: node3: data-dir: acts know /var/lib/etcd alone, render and import any: /data/etcd",
        "topology.etcdUnit: node3: wal-dir: acts know a WAL within data-dir alone, render and import any: /wal",
        "topology.etcdUnit: node3: trusted-ca-file: acts ask etcd with a certificate: nothing",
      ],
    );
  });
});

describe("acts on an etcd that is a unit", () => {
  for (const [what, change, problem] of [
    [
      "a unit that starts a container",
      (t) => {
        t.etcdUnit.unit = "[Service]\nExecStart=/usr/local/bin/etcd\nExecStop=/usr/bin/docker stop etcd1\n";
      },
      "topology.etcdUnit.unit: acts know a unit that starts etcd itself, not a container or a shell, render and import any: /usr/bin/docker stop etcd1",
    ],
    [
      "settings in another file",
      (t) => {
        t.etcdUnit.envFile = "/etc/etcd/etcd.conf";
      },
      "topology.etcdUnit.envFile: acts know /etc/etcd.env alone, render and import any: /etc/etcd/etcd.conf",
    ],
    [
      "a member with two URLs, as KubeKey 4 writes them for two families of addresses",
      (t) => {
        hostOf(t, "node3").etcdUnit = {
          env: t.etcdUnit.env.replace(/^(ETCD_INITIAL_ADVERTISE_PEER_URLS=.*)$/m, "$1,https://[fd00::13]:2380"),
        };
      },
      "topology.etcdUnit: node3: initial-advertise-peer-urls: acts know one URL of a member alone, render and import any: https://192.168.31.113:2380,https://[fd00::13]:2380",
    ],
  ] as [string, (t: Raw) => void, string][]) {
    it(`are refused with ${what}`, () =>
      assert.deepEqual(actProblems(parseTopology(raw("kubekey", change))), [problem]));
  }
});

describe("what a loss changes for an etcd that is a unit", () => {
  const topology = parseTopology(raw("kubespray"));
  const node3 = host(topology, "node3");
  const site = afterLoss(topology, "a", node3);

  it("of etcd's settings --initial-cluster alone, and the flag of force never stays", () => {
    const before = plannedEtcd(inPeace(topology), node3);
    const forced = { ...before, cmd: [...before.cmd, "--force-new-cluster=true"] };
    const after = recoveredEtcd(forced, node3, site.voters);
    assert.deepEqual(
      after.cmd.filter((arg) => !before.cmd.includes(arg)),
      ["--initial-cluster=etcd3=https://192.168.31.113:2380"],
    );
  });

  it("nothing of what ExecStart= says, since etcd has data by then", () => {
    const own = parseTopology(
      raw("unit", (t) => {
        t.etcdUnit.env = String(t.etcdUnit.env).replace("ETCD_INITIAL_CLUSTER={members}\n", "");
        t.etcdUnit.arguments = ["--initial-cluster", "{members}"];
      }),
    );
    const before = plannedEtcd(inPeace(own), host(own, "node3"));
    assert.deepEqual(recoveredEtcd(before, host(own, "node3"), [host(own, "node3")]).cmd, before.cmd);
  });

  it("a member that joins says so, and lists the voters and itself", () => {
    const { cmd } = joiningEtcd(inPeace(topology), node3);
    assert.equal(argument(cmd, "initial-cluster-state"), "existing");
    assert.equal(argument(cmd, "initial-cluster")?.split(",").length, 3);
  });

  it("of a kube-apiserver the servers, and kubeadm's endpoints are the same", () => {
    const peace = plannedApiServer(inPeace(topology), node3);
    const after = plannedApiServer(site, node3);
    assert.deepEqual(
      commandOf(after).filter((arg) => !commandOf(peace).includes(arg)),
      ["--etcd-servers=https://192.168.31.113:2379"],
    );
    assert.ok(commandOf(after).includes("--etcd-certfile=/etc/ssl/etcd/ssl/node-node3.pem"));
    assert.deepEqual(externalEndpoints(site), ["https://192.168.31.113:2379"]);
  });

  it("the inventory, which the operator changes: kubespray would give members new names by their place", () => {
    const change = inventoryChange("kubespray", allHosts(topology), site.lost);
    assert.deepEqual(change?.diff, [
      "  kube_control_plane:",
      "-   node1",
      "-   node2",
      "    node3",
      "  etcd:",
      "-   node1",
      "-   node2",
      "    node3",
      "  kube_node:",
      "-   node4",
      "    node5",
    ]);
    assert.match(change?.notes.join("\n") ?? "", /^Set etcd_member_name: etcd3 on node3 before any playbook runs/m);
    assert.equal(inventoryChange("unit", allHosts(topology), site.lost), undefined);
    assert.deepEqual(inventoryChange("kubekey", allHosts(topology), site.lost)?.notes, [
      "Where the file has a range, such as node[1:3], write the hosts that stay one by one",
    ]);
  });

  it("and kubespray's playbooks stop at an even number of members", () => {
    const [node1] = site.lost;
    assert.ok(node1);
    const notes = inventoryChange("kubespray", allHosts(topology), [node1])?.notes.join("\n");
    assert.match(notes ?? "", /stop at an even number of hosts in the group etcd, which has 2 now/);
  });
});
