import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { parseTopology } from "../../../plan/declaration/declaration";
import { ImportError } from "../../../plan/import/import";
import { importKubeadm } from "../../../plan/import/kubeadm";
import { manifestsInPeace } from "../../../plan/installers/kubeadm/site";
import { golden, read } from "../installers/kubeadm/recordings";

const files = (folder: string) =>
  readdirSync(join(golden, folder)).map((host) => ({
    path: `${host}/kubeadm.yaml`,
    text: read(`${folder}/${host}/kubeadm.yaml`),
  }));
const sides = { a: ["cp1", "cp2"], b: ["cp3"] };
const imported = (given: { path: string; text: string }[], datacenters: Record<string, string[]> = sides) =>
  importKubeadm(given, { datacenters, standby: undefined });
const topologyOf = (...args: Parameters<typeof imported>) => parseTopology(parse(imported(...args)));

describe("an imported kubeadm cluster", () => {
  for (const folder of ["kubeadm/three", "kubeadm/extra-args", "kubeadm/ipv6"]) {
    it(`${folder}: its topology renders every manifest as kubeadm wrote it`, () => {
      const manifests = manifestsInPeace(topologyOf(files(folder)));
      for (const host of ["cp1", "cp2", "cp3"]) {
        for (const file of readdirSync(join(golden, folder, host, "manifests"))) {
          assert.equal(manifests[host]?.[file], read(`${folder}/${host}/manifests/${file}`), `${host}/${file}`);
        }
      }
    });
  }

  it("data-disk: folders, mirrors, algorithm and validity are carried over", () => {
    const { cluster, kubeadm } = topologyOf(files("kubeadm-own/data-disk"), { a: ["red"], b: ["green"] });
    assert.equal(cluster, "prod-7");
    assert.deepEqual(
      [kubeadm?.certificatesDir, kubeadm?.encryptionAlgorithm, kubeadm?.certificateValidityPeriod],
      ["/opt/k8s/pki", "ECDSA-P384", "4380h0m0s"],
    );
  });
});

describe("files that kubeadm reads in its own way", () => {
  const far = {
    path: "far.yaml",
    text: stringify({
      apiVersion: "kubeadm.k8s.io/v1beta4",
      kind: "JoinConfiguration",
      controlPlane: { localAPIEndpoint: { advertiseAddress: "10.0.0.99" } },
      nodeRegistration: { name: "far" },
    }),
  };
  const given = (folder: string) => [...files(`kubeadm-import/${folder}`), far];
  const apart = { a: ["cp1"], b: ["far"] };

  for (const folder of ["beside-v1beta3", "odd-yaml"]) {
    const manifests = manifestsInPeace(topologyOf(given(folder), apart)).cp1 ?? {};
    for (const file of readdirSync(join(golden, "kubeadm-import", folder, "cp1/manifests"))) {
      it(`${folder}: ${file} is rendered as kubeadm wrote it`, () =>
        assert.equal(manifests[file], read(`kubeadm-import/${folder}/cp1/manifests/${file}`)));
    }
  }

  it("names each key that kubeadm passed over, and each that stands twice", () => {
    const words = imported(given("odd-yaml"), apart);
    for (const note of [
      /ClusterConfiguration\.frobnicate: left out, kubeadm has no such key \(known are /,
      /ClusterConfiguration\.controlplaneendpoint: left out, .* \(did you mean "controlPlaneEndpoint"\?\)/,
      /InitConfiguration\.unknown: left out/,
    ]) {
      assert.match(words, note);
    }
    const old = imported(given("beside-v1beta3"), apart);
    assert.match(old, /\.apiServer\.extraEnvs: left out, kubeadm\.k8s\.io\/v1beta3 has no such key/);
    assert.match(old, /\.scheduler\.extraArgs: stands 2 times \(lines 18, 19\); kubeadm takes the last/);
    assert.match(old, /PassedOver: left out, kubeadm passes over documents of example\.test\/v1/);
  });

  it("gives an endpoint without a port the bindPort of `kubeadm init`", () =>
    assert.equal(topologyOf(given("beside-v1beta3"), apart).kubeadm?.controlPlaneEndpoint, "api.drill.test:8443"));

  it("gives v1beta3's timeout to the host of `kubeadm init` alone", () => {
    const hosts = topologyOf(given("beside-v1beta3"), apart).datacenters.flatMap((dc) => dc.hosts);
    assert.deepEqual(
      hosts.map((h) => h.kubeadm?.startupTimeout ?? "4m0s"),
      ["7m30s", "4m0s"],
    );
  });

  it("keeps a feature gate that is false, which decides over the algorithm", () => {
    const [cp1, ...rest] = given("odd-yaml");
    const text = `${cp1?.text.replace("networking: null", "encryptionAlgorithm: RSA-3072\nfeatureGates: {PublicKeysECDSA: no}")}`;
    assert.deepEqual(topologyOf([{ path: "cp1.yaml", text }, ...rest], apart).kubeadm?.featureGates, {
      PublicKeysECDSA: false,
    });
  });

  // kubeadm v1.36.3 refuses each of them as well
  const cluster = (part: string) =>
    `apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: v1.36.3\n${part}\n`;
  const init = (endpoint: string, name = "cp1") =>
    `---\napiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\nnodeRegistration: {name: ${name}}\nlocalAPIEndpoint: {${endpoint}}\n`;
  const usual = init("advertiseAddress: 10.0.0.11");
  const configuration = "cp1.yaml: ClusterConfiguration";
  for (const [text, problem] of [
    [
      cluster("clusterName: 123") + usual,
      `${configuration}.clusterName: is not a text, kubeadm refuses it as well; write it in quotes: 123`,
    ],
    [
      cluster("scheduler: {extraArgs: [{name: v, value: yes}]}") + usual,
      `${configuration}.scheduler.extraArgs[0].value: is not a text, kubeadm refuses it as well; write it in quotes: true`,
    ],
    [
      cluster("scheduler: {extraArgs: {v: '2'}}") + usual,
      `${configuration}.scheduler.extraArgs: is not a list, kubeadm refuses it as well: {"v":"2"}`,
    ],
    [
      (cluster("scheduler: {extraArgs: [{name: v, value: '2'}]}") + usual).replace("v1beta4", "v1beta3"),
      `${configuration}.scheduler.extraArgs: is not a mapping, kubeadm refuses it as well: [{"name":"v","value":"2"}]`,
    ],
    [
      cluster("") + init("advertiseAddress: 10.0.0.11, bindPort: '6444'"),
      'cp1.yaml: InitConfiguration.localAPIEndpoint.bindPort: is not a whole number, kubeadm refuses it as well: "6444"',
    ],
    [
      cluster("") + init("advertiseAddress: 10.0.0.11", "yes"),
      "cp1.yaml: InitConfiguration.nodeRegistration.name: is not a text, kubeadm refuses it as well; write it in quotes: true",
    ],
    [
      cluster("") + init("advertiseAddress: 169.254.1.1"),
      'cp1.yaml: InitConfiguration.localAPIEndpoint.advertiseAddress: is not an address by which other hosts reach this one: "169.254.1.1"',
    ],
    [
      cluster("") + init("advertiseAddress: 0.0.0.0"),
      'cp1.yaml: InitConfiguration: has no address: neither localAPIEndpoint.advertiseAddress nor a Node with an InternalIP (kubeadm took that of the default route; write it there): "cp1"',
    ],
    [
      `${cluster("")}--- kind: InitConfiguration\n${usual}`,
      "cp1.yaml: a line that begins with --- has something else on it (line 5), kubeadm refuses it as well",
    ],
    [
      cluster("etcd: {external: {endpoints: []}}") + usual,
      `${configuration}.etcd.external.endpoints: names no endpoint, kubeadm refuses it as well: []`,
    ],
  ] as const) {
    it(`refuses in one error: ${problem}`, () =>
      assert.throws(
        () => imported([{ path: "cp1.yaml", text }, far], apart),
        (error) => error instanceof ImportError && error.problems.join("\n") === problem,
      ));
  }
});

describe("an imported living kubeadm cluster", () => {
  const node = (name: string, address: string, rest: { since: string; controlPlane?: boolean; taint?: boolean }) => ({
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      creationTimestamp: rest.since,
      labels: {
        "kubernetes.io/hostname": name,
        disk: "fast",
        ...(rest.controlPlane ? { "node-role.kubernetes.io/control-plane": "" } : {}),
      },
    },
    spec: rest.taint ? { taints: [{ key: "node-role.kubernetes.io/control-plane", effect: "NoSchedule" }] } : {},
    status: { addresses: [{ type: "InternalIP", address }] },
  });
  const nodes = {
    apiVersion: "v1",
    kind: "List",
    items: [
      node("cp1", "10.77.0.11", { since: "2026-11-28T20:26:34Z", controlPlane: true, taint: true }),
      node("cp2", "10.77.0.12", { since: "2026-11-28T20:40:00Z", controlPlane: true, taint: true }),
      node("cp3", "10.77.0.13", { since: "2026-11-28T20:30:00Z", controlPlane: true }),
      node("w1", "10.77.0.21", { since: "2026-11-28T20:50:00Z" }),
    ],
  };
  const configMap = { path: "cm.yaml", text: read("kubeadm/live/cm-kubeadm-config.yaml") };
  const living = [configMap, { path: "nodes.yaml", text: stringify(nodes) }];
  const topology = topologyOf(living, { a: ["cp1", "10.77.0.12", "w1"], b: ["cp3"] });

  it("takes roles from labels and taints, and the operator's labels", () => {
    const hosts = topology.datacenters.flatMap((dc) => dc.hosts);
    assert.deepEqual(
      hosts.map((h) => [h.name, h.roles.join()]),
      [
        ["cp1", "controlplane,etcd"],
        ["cp2", "controlplane,etcd"],
        ["w1", "worker"],
        ["cp3", "controlplane,etcd,worker"],
      ],
    );
    assert.deepEqual(hosts[0]?.labels, { disk: "fast" });
  });

  it("takes the order in which members joined from the Nodes' creation", () => {
    const etcd = (host: string) => manifestsInPeace(topology)[host]?.["etcd.yaml"] ?? "";
    assert.match(etcd("cp1"), /--initial-cluster=cp1=https:\/\/10\.77\.0\.11:2380\n/);
    assert.match(etcd("cp3"), /--initial-cluster=cp1=[^,]*,cp3=[^,]*\n {4}- --initial-cluster-state=existing\n/);
    assert.match(etcd("cp2"), /--initial-cluster=cp1=[^,]*,cp3=[^,]*,cp2=/);
  });

  it("leaves out the defaults that the ConfigMap spells out", () => {
    assert.deepEqual(Object.keys(parse(imported(living, { a: ["cp1", "cp2", "w1"], b: ["cp3"] })).kubeadm).sort(), [
      "controlPlaneEndpoint",
      "dns",
      "etcd",
      "networking",
      "proxy",
    ]);
  });

  it("takes a host's own settings from its file, and the rest from its Node", () => {
    const own = {
      path: "cp2.yaml",
      text: stringify({
        apiVersion: "kubeadm.k8s.io/v1beta4",
        kind: "JoinConfiguration",
        nodeRegistration: { name: "cp2" },
        controlPlane: { localAPIEndpoint: { bindPort: 7443 } },
        timeouts: { controlPlaneComponentHealthCheck: "8m0s" },
        patches: { directory: "/etc/kubeadm-patches" },
      }),
    };
    const cp2 = topologyOf([...living, own], { a: ["cp1", "cp2", "w1"], b: ["cp3"] }).datacenters[0]?.hosts[1];
    assert.deepEqual(
      [cp2?.address, cp2?.kubeadm?.bindPort, cp2?.kubeadm?.startupTimeout, cp2?.kubeadm?.patches],
      ["10.77.0.12", 7443, "8m0s", "/etc/kubeadm-patches"],
    );
  });
});

describe("what can't be carried over from kubeadm stops an import by name", () => {
  const three = files("kubeadm/three");
  const changed = (from: string, to: string) => three.map(({ path, text }) => ({ path, text: text.replace(from, to) }));
  const joinWithoutAddress = {
    path: "w.yaml",
    text: "apiVersion: kubeadm.k8s.io/v1beta4\nkind: JoinConfiguration\nnodeRegistration: {name: w1}",
  };
  const [cp1 = { path: "", text: "" }, ...others] = three;
  for (const [what, given, problem] of [
    ["no ClusterConfiguration", [joinWithoutAddress], /ClusterConfiguration: is in no file; .*: nothing/],
    ["no address", [...three, joinWithoutAddress], /w\.yaml: JoinConfiguration: has no address: .*: "w1"/],
    [
      "two that say something else",
      [{ ...cp1, text: cp1.text.replace("clusterName: drill", "clusterName: other") }, ...others],
      /cp2\/kubeadm\.yaml: ClusterConfiguration: says something else than cp1\/kubeadm\.yaml/,
    ],
    [
      "a version that is no release",
      changed("v1.36.3", "stable-1"),
      /kubernetesVersion is not a release's.*: "stable-1"/,
    ],
    [
      "a version that isn't known",
      changed("v1.36.3", "v1.20.5"),
      /topology\.kubernetesVersion: is not a version of Kube/,
    ],
    [
      "no name",
      changed("name: cp2", "taints: []"),
      /cp2\/kubeadm\.yaml: InitConfiguration\.nodeRegistration\.name: is mis/,
    ],
    [
      "an old version",
      changed("v1beta4", "v1beta2"),
      /is of a version that isn't read .*: "kubeadm\.k8s\.io\/v1beta2"/,
    ],
    ["another kind", [...three, { path: "x.yaml", text: "kind: Secret" }], /x\.yaml: Secret: is neither of kubeadm's/],
    ["no YAML", [...three, { path: "x.yaml", text: "a: b: c" }], /x\.yaml: is not YAML: /],
    ["a host twice", [...three, cp1], /is a second one of this host, after cp1\/kubeadm\.yaml.*: "cp1"/],
  ] as const) {
    it(what, () =>
      assert.throws(
        () => imported([...given]),
        (error) => error instanceof ImportError && error.problems.some((p) => problem.test(p)),
      ),
    );
  }

  it("names hosts of no datacenter, and those that no file tells of", () => {
    assert.throws(
      () => imported(three, { a: ["cp1", "w9"], b: ["cp3"] }),
      (error: Error) => {
        assert.match(error.message, /--datacenter a: no file tells of this host .*: "w9"/);
        assert.match(error.message, /--datacenter: is in no datacenter: "cp2"/);
        return true;
      },
    );
  });
});
