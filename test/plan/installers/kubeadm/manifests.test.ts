import assert from "node:assert/strict";
import { memberOf } from "../../../../plan/installers/kubeadm/etcd";
import { planned } from "../../../../plan/installers/kubeadm/planned";
import { readManifest } from "../../../../plan/runtimes/static-pod/manifest";
import { clusterSchema, hostSchema } from "../../../../plan/topology/kubeadm-schema";
import { read, recordings } from "./recordings";

describe("manifests are kubeadm's own, byte by byte", () => {
  const all = recordings();

  it("covers all recorded topologies", () => {
    assert.deepEqual([...new Set(all.map((r) => r.topology))].sort(), [
      "both-stacks",
      "certificate-folders",
      "data-disk",
      "external-etcd",
      "extra-args",
      "ipv6",
      "map-args",
      "no-endpoint-port",
      "odd-values",
      "rootless-ecdsa",
      "three",
    ]);
  });

  for (const { topology, cluster, host, manifests } of all) {
    const mine = planned(cluster, { host, joins: [] });
    for (const [file, text] of Object.entries(manifests)) {
      it(`${topology}: ${host.name}/${file}`, () => assert.equal(mine[file], text));
    }

    it(`${topology}: ${host.name} has no other file`, () =>
      assert.deepEqual(Object.keys(mine).sort(), Object.keys(manifests).sort()));
  }
});

describe("manifests of a real cluster, one host made by init and two by join, are kubeadm's own", () => {
  // what the lab gave: eight minutes to start, etcd's image, and addresses one after another
  const hosts = ["cp1", "cp2", "cp3"].map((name, i) => ({
    ...hostSchema.parse({}),
    name,
    advertiseAddress: `10.77.0.1${i + 1}`,
    startupSeconds: 480,
  }));
  const cluster = {
    ...clusterSchema.parse({
      controlPlaneEndpoint: "api.drill.test:6443",
      networking: { podSubnet: "10.244.0.0/16" },
      etcd: { local: { imageTag: "3.6.16-0" } },
    }),
    kubernetesVersion: "v1.36.3",
    clusterName: "kubernetes",
  };

  hosts.forEach((host, i) => {
    const joins = i === 0 ? [] : hosts.slice(0, i + 1).map(memberOf);
    for (const [file, text] of Object.entries(planned(cluster, { host, joins }))) {
      it(`${host.name}/${file}`, () =>
        assert.equal(withSortedMembers(text), withSortedMembers(read(`kubeadm/live/${host.name}/${file}`))));
    }
  });
});

/** etcd answers a join with its members in any order. */
const withSortedMembers = (manifest: string): string =>
  manifest.replace(/--initial-cluster=(.*)/, (_, members: string) => `--initial-cluster=${members.split(",").sort()}`);

describe("kubeadm's older and newer releases differ", () => {
  const host = { ...hostSchema.parse({}), name: "cp1", advertiseAddress: "10.0.0.1", startupSeconds: 240 };
  const extraArgs = [
    { name: "v", value: "2" },
    { name: "audit-log-maxage", value: "7" },
  ];
  const manifest = (kubernetesVersion: string, file: string, rest: Record<string, unknown> = {}) => {
    const cluster = { ...clusterSchema.parse({ apiServer: { extraArgs }, ...rest }), kubernetesVersion };
    return planned({ ...cluster, clusterName: "kubernetes" }, { host, joins: [] })[file] ?? "";
  };
  const argumentsOf = (text: string) => readManifest(text, "manifest").command.slice(1);

  for (const [version, isSorted] of [
    ["v1.35.0", true],
    ["v1.36.3", false],
  ] as const) {
    it(`${version}: extraArgs stand ${isSorted ? "sorted among the others" : "at the end, as they were given"}`, () => {
      const given = argumentsOf(manifest(version, "kube-apiserver.yaml"));
      assert.deepEqual(given.slice(-2), isSorted ? given.slice(-2).sort() : ["--v=2", "--audit-log-maxage=7"]);
      assert.equal(given.join() === [...given].sort().join(), isSorted);
    });
  }

  for (const [version, image, flag] of [
    ["v1.33.0", "3.5.21-0", "--experimental-initial-corrupt-check=true"],
    ["v1.34.0", "3.6.4-0", "--feature-gates=InitialCorruptCheck=true"],
    ["v1.37.2", "3.7.0-0", "--feature-gates=InitialCorruptCheck=true"],
  ] as const) {
    it(`${version}: etcd ${image} checks its data at the start by ${flag}`, () => {
      const etcd = readManifest(manifest(version, "etcd.yaml"), "etcd.yaml");
      assert.equal(etcd.image, `registry.k8s.io/etcd:${image}`);
      assert.ok(etcd.command.includes(flag), etcd.command.join(" "));
    });
  }

  it("v1.35.0 with an etcd 3.5 of one's own keeps the flags that etcd 3.6 has dropped", () => {
    const own = { etcd: { local: { imageTag: "3.5.24-0" } } };
    const { command } = readManifest(manifest("v1.35.0", "etcd.yaml", own), "etcd.yaml");
    assert.ok(command.includes("--experimental-watch-progress-notify-interval=5s"));
  });

  for (const [version, probes] of [
    ["v1.30.0", ["/health?exclude=NOSPACE&serializable=true", "/health?serializable=false"]],
    ["v1.31.0", ["/livez", "/readyz", "/readyz"]],
  ] as const) {
    it(`${version}: the kubelet asks etcd for ${probes[0]}`, () => {
      const paths = [...manifest(version, "etcd.yaml").matchAll(/path: (\/(?:health|livez|readyz).*)/g)];
      assert.deepEqual(
        paths.map(([, path]) => path),
        probes,
      );
    });
  }

  it("v1.33.0: probes give a port's number, and a time that isn't set is null", () => {
    const text = manifest("v1.33.0", "kube-scheduler.yaml");
    assert.match(text, /port: 10259\n/);
    assert.match(text, /\n {2}creationTimestamp: null\n/);
    assert.doesNotMatch(text, /probe-port/);
  });

  it("v1.35.0: kube-controller-manager has the flexvolume folder mounted, v1.36.3 hasn't", () => {
    assert.match(manifest("v1.35.0", "kube-controller-manager.yaml"), /name: flexvolume-dir/);
    assert.doesNotMatch(manifest("v1.36.3", "kube-controller-manager.yaml"), /flexvolume/);
  });

  it("v1.37.2: an argument is joined to kubeadm's own where mergeMethod says so", () => {
    const merged = { name: "enable-admission-plugins", value: ",AlwaysPullImages", mergeMethod: "append" };
    const given = argumentsOf(manifest("v1.37.2", "kube-apiserver.yaml", { apiServer: { extraArgs: [merged] } }));
    assert.ok(given.includes("--enable-admission-plugins=NodeRestriction,AlwaysPullImages"));
    assert.equal(given.filter((a) => a.startsWith("--enable-admission-plugins")).length, 1);
  });
});
