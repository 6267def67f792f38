import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { parseTopology } from "../../../../plan/declaration/declaration";
import { importEtcdUnit } from "../../../../plan/import/etcd-unit/import";
import { inRange, type UnitInstaller } from "../../../../plan/import/etcd-unit/inventory";
import { ImportError } from "../../../../plan/import/import";
import type { KubeadmFile } from "../../../../plan/import/kubeadm-documents";
import { unitOn } from "../../../../plan/installers/etcd-unit/settings";
import { readEnvFile, variablesOf } from "../../../../plan/runtimes/systemd/env-file";
import { voters } from "../../../../plan/topology/order";
import { allHosts, type Topology } from "../../../../plan/topology/topology";

const golden = (path: string) => ({
  path,
  text: readFileSync(join(__dirname, "../../../golden/etcd-env", path), "utf8"),
});
const sides = { a: ["node1", "node2"], b: ["node3"] };
const settings = { datacenters: sides, standby: undefined, remarks: () => [] };
const envFiles = (of: string) => ["node1", "node2", "node3"].map((host) => golden(`${of}/${host}/etcd.env`));

const hostsYaml = {
  path: "hosts.yaml",
  text: `all:
  vars: {ansible_user: admin, kube_version: 1.36.3}
  hosts:
    node1: {ansible_host: 192.168.31.111, ip: 192.168.31.111}
    node2: {ansible_host: 192.168.31.112, ip: 192.168.31.112, ansible_port: 2222}
    node3: {ansible_host: 10.0.0.3, ip: 192.168.31.113, ansible_user: root}
  children:
    kube_control_plane: {hosts: {node1: , node2: , node3: }}
    etcd: {hosts: {node1: , node2: , node3: }}
    kube_node: {children: {kube_control_plane: }}
`,
};
const inventoryIni = {
  path: "inventory.ini",
  text: `[kube_control_plane]
node1 ansible_host=192.168.31.111  # ip=10.3.0.1
node2 ansible_host=192.168.31.112 etcd_member_name=second
node3 ansible_host=192.168.31.113 ip=192.168.31.113

[etcd:children]
kube_control_plane

[kube_node]
node1

[all:vars]
kube_version="1.36.3"
`,
};
const configSample = {
  path: "config-sample.yaml",
  text: `apiVersion: kubekey.kubesphere.io/v1alpha2
kind: Cluster
metadata: {name: sample}
spec:
  hosts:
  - {name: node1, address: 192.168.31.111, internalAddress: "192.168.31.111,fd00::1", password: secret}
  - {name: node2, address: 192.168.31.112, internalAddress: 192.168.31.112}
  - {name: node3, address: 192.168.31.113, internalAddress: 192.168.31.113, labels: {disk: SSD}}
  roleGroups: {etcd: ["node[1:3]"], master: [node1, node2, node3], worker: [node3]}
  controlPlaneEndpoint: {domain: lb.kubesphere.local, address: "", port: 6443}
  kubernetes: {version: v1.34.0, clusterName: cluster.local}
  etcd: {type: kubekey}
`,
};
const inventory4 = {
  path: "inventory.yaml",
  text: `apiVersion: kubekey.kubesphere.io/v1
kind: Inventory
metadata: {name: default}
spec:
  hosts:
    node1: {connector: {type: ssh, host: 10.0.0.1, port: 2222, user: admin, password: secret}, internal_ipv4: 192.168.31.111}
    node2: {connector: {host: 10.0.0.2, user: admin}, internal_ipv4: 192.168.31.112, internal_ipv6: "fd00::12"}
    node3: {internal_ipv4: 192.168.31.113}
    node4: {internal_ipv4: 192.168.31.114}
  groups:
    k8s_cluster: {groups: [kube_control_plane, kube_worker]}
    kube_control_plane: {hosts: [node1, node2, node3]}
    kube_worker: {groups: [kube_control_plane]}
    etcd: {hosts: [node1, node2, node3]}
`,
};
const configMap = {
  path: "cm.yaml",
  text: `apiVersion: v1
kind: ConfigMap
metadata: {name: kubeadm-config, namespace: kube-system}
data:
  ClusterConfiguration: |
    apiVersion: kubeadm.k8s.io/v1beta4
    kind: ClusterConfiguration
    clusterName: prod
    kubernetesVersion: v1.35.0
    certificatesDir: /etc/kubernetes/ssl
    etcd: {external: {endpoints: ["https://192.168.31.111:2379"], caFile: /ca, certFile: /crt, keyFile: /key}}
`,
};

const imported = (installer: UnitInstaller, files: { path: string; text: string }[]): Topology =>
  parseTopology(parse(importEtcdUnit(installer, files, settings)));
const envOf = (topology: Topology) =>
  Object.fromEntries(voters(allHosts(topology)).map((h) => [h.name, unitOn(topology, h, voters(allHosts(topology)))]));
const errorsOf = (installer: UnitInstaller, files: { path: string; text: string }[]): string[] => {
  try {
    importEtcdUnit(installer, files, settings);
    return [];
  } catch (error) {
    assert.ok(error instanceof ImportError, String(error));
    return error.problems;
  }
};

describe("the import of a cluster whose etcd is a unit", () => {
  for (const [installer, of, inventory] of [
    ["kubespray", "kubespray", [hostsYaml]],
    ["kubekey", "kubekey-3", [configSample]],
    ["unit", "kubekey-4", []],
  ] as const) {
    it(`plans each host's file and unit as ${of} writes them, byte by byte`, () => {
      const topology = imported(installer, [...inventory, ...envFiles(of), golden(`${of}/node1/etcd.service`)]);
      for (const [host, unit] of Object.entries(envOf(topology))) {
        // blanks behind the last line, which KubeKey 3 writes, are left out
        assert.equal(unit.env, `${golden(`${of}/${host}/etcd.env`).text.trimEnd()}\n`);
        assert.equal(unit.unit.trimEnd(), golden(`${of}/${host}/etcd.service`).text.trimEnd());
      }
      assert.equal(
        allHosts(topology).some((h) => h.etcdUnit?.env !== undefined),
        false,
      );
    });
  }

  for (const [installer, of, inventory] of [
    ["kubespray", "kubespray", hostsYaml],
    ["kubekey", "kubekey-3", configSample],
  ] as const) {
    it(`without the hosts' own files, plans the settings that ${of} writes, but for the state of a first start`, () => {
      const topology = imported(installer, [inventory]);
      for (const [host, unit] of Object.entries(envOf(topology))) {
        const recorded = variablesOf(readEnvFile(golden(`${of}/${host}/etcd.env`).text));
        recorded.set("ETCD_INITIAL_CLUSTER_STATE", "existing");
        assert.deepEqual([...variablesOf(readEnvFile(unit.env))], [...recorded]);
      }
    });
  }

  it("reads kubespray's inventory in both forms: names of members by their place, logins, roles by group and child", () => {
    const yaml = imported("kubespray", [hostsYaml]);
    assert.deepEqual(
      allHosts(yaml).map((h) => [h.name, h.address, h.internalAddress, h.roles.join(), h.etcdUnit?.member, h.ssh]),
      [
        ["node1", "192.168.31.111", "192.168.31.111", "controlplane,etcd,worker", "etcd1", undefined],
        ["node2", "192.168.31.112", "192.168.31.112", "controlplane,etcd,worker", "etcd2", { port: 2222 }],
        ["node3", "10.0.0.3", "192.168.31.113", "controlplane,etcd,worker", "etcd3", { user: "root" }],
      ],
    );
    assert.deepEqual([yaml.ssh.user, yaml.kubernetesVersion], ["admin", "v1.36.3"]);
    const ini = imported("kubespray", [inventoryIni]);
    assert.deepEqual(
      allHosts(ini).map((h) => [h.name, h.internalAddress, h.roles.join(), h.etcdUnit?.member]),
      [
        ["node1", "192.168.31.111", "controlplane,etcd,worker", "etcd1"],
        ["node2", "192.168.31.112", "controlplane,etcd", "second"],
        ["node3", "192.168.31.113", "controlplane,etcd", "etcd3"],
      ],
    );
  });

  it("takes a host's address from its own file if the inventory has no ip: by the SSH address, else by the member's name", () => {
    const withoutIp = (host: (n: number) => string): KubeadmFile => ({
      path: "inventory.ini",
      text: `[all]\n${[1, 2, 3].map((n) => `node${n}${host(n)}\n`).join("")}
[all:vars]\nkube_version=1.36.3
[kube_control_plane]\nnode1\nnode2\nnode3\n[etcd:children]\nkube_control_plane\n[kube_node]\nnode1\n`,
    });
    const addresses = (inventory: KubeadmFile, files: KubeadmFile[]) =>
      allHosts(imported("kubespray", [inventory, ...files])).map((h) => `${h.address} ${h.internalAddress}`);
    const same = withoutIp((n) => ` ansible_host=192.168.31.11${n}`);
    const wanted = [1, 2, 3].map((n) => `192.168.31.11${n} 192.168.31.11${n}`);
    assert.deepEqual(addresses(same, envFiles("kubespray")), wanted);
    assert.deepEqual(addresses(same, []), wanted);
    const translated = withoutIp((n) => ` ansible_host=10.0.0.${n}`);
    assert.deepEqual(
      addresses(translated, envFiles("kubespray")),
      [1, 2, 3].map((n) => `10.0.0.${n} 192.168.31.11${n}`),
    );
    assert.deepEqual(
      addresses(
        withoutIp(() => ""),
        envFiles("kubespray"),
      ),
      wanted,
    );
    assert.throws(
      () => imported("kubespray", [withoutIp(() => "")]),
      /node1: address: must be in the inventory \(ansible_host= or ip=\): nothing/,
    );
  });

  it("reads a unit whose keys have blanks around them, as systemd does", () => {
    const unit =
      "[Service]\nType=notify\n User = etcd\nEnvironmentFile = -/etc/own.env\nExecStart = /usr/local/bin/etcd\n";
    const { etcdUnit } = imported("kubespray", [
      hostsYaml,
      ...envFiles("kubespray"),
      { path: "etcd.service", text: unit },
    ]);
    assert.deepEqual(
      [etcdUnit?.user, etcdUnit?.envFile, etcdUnit?.program],
      ["etcd", "/etc/own.env", "/usr/local/bin/etcd"],
    );
  });

  it("the host's own file decides the name of its member, not the inventory", () => {
    const files = envFiles("kubekey-4").map((f) => ({ ...f, text: f.text.replace(/ETCD_NAME=node/, "ETCD_NAME=own") }));
    assert.deepEqual(
      allHosts(imported("kubespray", [hostsYaml, ...files])).map((h) => h.etcdUnit?.member),
      ["own1", "own2", "own3"],
    );
  });

  it("a host whose file differs in more than its own names and addresses keeps its own whole text", () => {
    const [one, two, three] = envFiles("kubespray");
    assert.ok(one && two && three);
    const other = { ...two, text: two.text.replace("ETCD_SNAPSHOT_COUNT=100000", "# kept\nETCD_SNAPSHOT_COUNT=5000") };
    const topology = imported("kubespray", [hostsYaml, one, other, three]);
    assert.deepEqual(
      allHosts(topology).map((h) => h.etcdUnit?.env === undefined),
      [true, false, true],
    );
    assert.equal(envOf(topology).node2?.env, other.text);
  });

  it("reads KubeKey 4's inventory: connectors, groups of groups, members by their hosts' names; a host of no group is none", () => {
    const topology = imported("kubekey", [inventory4, ...envFiles("kubekey-4"), configMap]);
    assert.deepEqual(
      allHosts(topology).map((h) => [h.name, h.address, h.internalAddress, h.roles.join(), h.etcdUnit?.member, h.ssh]),
      [
        ["node1", "10.0.0.1", "192.168.31.111", "controlplane,etcd,worker", undefined, { port: 2222 }],
        ["node2", "10.0.0.2", "192.168.31.112", "controlplane,etcd,worker", undefined, undefined],
        ["node3", "192.168.31.113", "192.168.31.113", "controlplane,etcd,worker", undefined, { user: "root" }],
      ],
    );
    assert.doesNotMatch(JSON.stringify(topology), /secret|password/);
  });

  for (const [written, hosts] of [
    ["node[1:3]", ["node1", "node2", "node3"]],
    ["node[01:10:3].dc-[a:b]", ["node01", "node04", "node07", "node10"].flatMap((n) => [`${n}.dc-a`, `${n}.dc-b`])],
    ["node[08:11]", ["node08", "node09", "node10", "node11"]],
    ["node1", ["node1"]],
    ["node[a:9]", ["node[a:9]"]],
    ["node[3:1]", ["node[3:1]"]],
  ] as const) {
    it(`takes ${written} for the hosts that Ansible takes it for`, () => assert.deepEqual(inRange(written), hosts));
  }

  it("reads ranges in both forms of kubespray's inventory, and groups beside all", () => {
    const names = (text: string, path: string) =>
      allHosts(imported("kubespray", [{ path, text }, ...envFiles("kubespray")])).map(
        (h) => `${h.name} ${h.internalAddress} ${h.roles.join()} ${h.etcdUnit?.member}`,
      );
    const wanted = [1, 2, 3].map((n) => `node${n} 192.168.31.11${n} controlplane,etcd etcd${n}`);
    assert.deepEqual(
      names(
        "[all:vars]\nkube_version=1.36.3\n[kube_control_plane]\nnode[1:3] ansible_user=admin\n[etcd:children]\nkube_control_plane\n",
        "i.ini",
      ),
      wanted,
    );
    assert.deepEqual(
      names(
        "all: {vars: {kube_version: 1.36.3}}\nkube_control_plane: {hosts: {'node[1:3]': }}\netcd: {hosts: {'node[1:3]': }}\n",
        "i.yaml",
      ),
      wanted,
    );
  });

  it("without kubeadm's ConfigMap, each kube-apiserver asks etcd as the first control plane host: kubeadm has one configuration", () => {
    const files = (installer: UnitInstaller, inventory: KubeadmFile) =>
      imported(installer, [inventory]).kubeadm?.etcd.external?.certFile;
    assert.equal(files("kubespray", hostsYaml), "/etc/ssl/etcd/ssl/node-node1.pem");
    assert.equal(files("kubekey", configSample), "/etc/ssl/etcd/ssl/node-node1.pem");
  });

  it("takes kubeadm's part from the ConfigMap, without the endpoints, which are the hosts' own", () => {
    const { cluster, kubernetesVersion, kubeadm } = imported("kubespray", [hostsYaml, configMap]);
    assert.deepEqual([cluster, kubernetesVersion], ["prod", "v1.35.0"]);
    assert.deepEqual(kubeadm?.etcd.external, {
      endpoints: [111, 112, 113].map((n) => `https://192.168.31.${n}:2379`),
      caFile: "/ca",
      certFile: "/crt",
      keyFile: "/key",
    });
  });

  it("no password of KubeKey's configuration is carried over", () => {
    assert.doesNotMatch(importEtcdUnit("kubekey", [configSample], settings), /secret|password/);
  });

  const [one, two, three] = envFiles("kubespray");
  for (const [what, installer, files, errors] of [
    [
      "a member's file that is missing",
      "kubespray",
      [hostsYaml, one, two],
      ["/etc/etcd.env of node3: is in no file; give that of each member of etcd, by any name: nothing"],
    ],
    [
      "a file of a host that isn't there",
      "kubespray",
      [{ ...hostsYaml, text: hostsYaml.text.replace("ip: 192.168.31.113", "ip: 192.168.31.213") }, one, two, three],
      [
        'kubespray/node3/etcd.env: ETCD_INITIAL_ADVERTISE_PEER_URLS must be a host\'s address: none of the hosts has it: "192.168.31.113"',
        "/etc/etcd.env of node3: is in no file; give that of each member of etcd, by any name: nothing",
      ],
    ],
    [
      "no inventory",
      "kubespray",
      [one, two, three, configMap],
      [
        "inventory: is in no file; it names the hosts, their roles and addresses: give kubespray's hosts.yaml or inventory.ini",
      ],
    ],
    [
      "an address to listen at and another to advertise",
      "kubespray",
      [
        {
          ...hostsYaml,
          text: hostsYaml.text.replace("ip: 192.168.31.111}", "ip: 192.168.31.111, access_ip: 10.9.9.9}"),
        },
      ],
      ['hosts.yaml: node1: access_ip must be ip: etcd would listen at one address and advertise another: "10.9.9.9"'],
    ],
    [
      "an etcd of KubeKey's that is no unit",
      "kubekey",
      [{ ...configSample, text: configSample.text.replace("type: kubekey", "type: kubeadm") }],
      ['config-sample.yaml: spec.etcd.type: is none that KubeKey runs as a unit, which is kubekey: "kubeadm"'],
    ],
    [
      "an etcd of kubespray's that is no unit",
      "kubespray",
      [
        {
          ...hostsYaml,
          text: hostsYaml.text.replace("ip: 192.168.31.112,", "ip: 192.168.31.112, etcd_deployment_type: docker,"),
        },
      ],
      [
        'hosts.yaml: node2: etcd_deployment_type must be host, else etcd is no unit of systemd; move etcd to the host first: "docker"',
      ],
    ],
    [
      "a control plane of k3s",
      "kubekey",
      [{ ...configSample, text: configSample.text.replace("version: v1.34.0", "version: v1.34.0-k3s") }],
      [
        'config-sample.yaml: spec.kubernetes.type: must be kubernetes, whose control plane is kubeadm\'s; import etcd alone with --installer unit: "k3s"',
      ],
    ],
    [
      "another port of etcd",
      "kubekey",
      [{ ...configSample, text: configSample.text.replace("type: kubekey", "type: kubekey, peerPort: 12380") }],
      ["config-sample.yaml: spec.etcd.peerPort: must be 2380, no other is known here: 12380"],
    ],
    [
      "a configuration of KubeKey 1 without the members' files, since its releases name members differently",
      "kubekey",
      [{ ...configSample, text: configSample.text.replace("v1alpha2", "v1alpha1") }],
      [1, 2, 3].map(
        (n) => `/etc/etcd.env of node${n}: is in no file; give that of each member of etcd, by any name: nothing`,
      ),
    ],
    [
      "a group of KubeKey 4 with a host that isn't there",
      "kubekey",
      [
        { ...inventory4, text: inventory4.text.replace("{groups: [kube_control_plane]}", "{hosts: [node9]}") },
        ...envFiles("kubekey-4"),
        configMap,
      ],
      ['inventory.yaml: spec.groups: is not one of spec.hosts: "node9"'],
    ],
    [
      "a host of a group that isn't there",
      "kubekey",
      [{ ...configSample, text: configSample.text.replace("worker: [node3]", "worker: [node4]") }],
      ['config-sample.yaml: spec.roleGroups: is not one of spec.hosts: "node4"'],
    ],
    [
      "units that differ, and settings within a unit",
      "unit",
      [
        ...envFiles("kubekey-4"),
        { path: "1.service", text: "[Service]\nEnvironment=ETCD_NAME=x\nExecStart=/usr/bin/etcd\n" },
        { path: "2.service", text: "[Service]\nExecStart=/usr/bin/etcd --debug\n" },
      ],
      [
        "2.service: must be the same unit on each host: differs from 1.service",
        "1.service: Environment=: isn't read, move its settings into the file of EnvironmentFile=",
      ],
    ],
    [
      "etcd in a container, on each host by its own name",
      "kubespray",
      [
        hostsYaml,
        ...envFiles("kubespray"),
        ...[1, 2].map((n) => ({
          path: `${n}.service`,
          text: `[Service]\nExecStart=/usr/local/bin/etcd\nExecStop=/usr/bin/docker stop etcd${n}\n`,
        })),
      ],
      [1, 2].map(
        (n) =>
          `${n}.service: etcd must be the unit's own process, not a container's or a shell's; move it to the host first (kubespray: etcd_deployment_type: host), and give its unit then: "/usr/bin/docker stop etcd${n}"`,
      ),
    ],
    [
      "a file that systemd reads as nobody means it",
      "unit",
      [
        ...envFiles("kubekey-4").slice(1),
        { path: "one.env", text: `${golden("kubekey-4/node1/etcd.env").text}export ETCD_METRICS=basic\n` },
      ],
      ['one.env line 35: is no NAME=VALUE, so systemd ignores it: "export ETCD_METRICS=basic"'],
    ],
  ] as [string, UnitInstaller, ({ path: string; text: string } | undefined)[], string[]][]) {
    it(`refuses ${what}, and says what to give`, () => {
      assert.deepEqual(
        errorsOf(
          installer,
          files.flatMap((file) => file ?? []),
        ),
        errors,
      );
    });
  }
});
