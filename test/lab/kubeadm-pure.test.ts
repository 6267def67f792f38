import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseVerb } from "../../lab/argv";
import { componentOf, usedImages } from "../../lab/build/kubeadm-images";
import { readCri } from "../../lab/hosts/runtimes";
import { topologyProblems } from "../../lab/installers/kubeadm";
import { publicKeyHash } from "../../lab/installers/kubeadm-cluster";
import {
  clusterConfiguration,
  endpointOf,
  initConfiguration,
  joinConfiguration,
} from "../../lab/installers/kubeadm-configuration";
import { hostsFile } from "../../lab/installers/kubeadm-files";
import { ownCgroupsProblem } from "../../lab/machine/cgroups";
import { inotifyProblem, instancesOf } from "../../lab/machine/inotify";
import { hostsOf, readTopology } from "../../lab/state/topology";

const FILE = join(__dirname, "../../topologies/kubeadm.yaml");
const topology = readTopology(readFileSync(FILE, "utf8"), FILE);
const [cp1, , worker1, cp3] = hostsOf(topology);
const secrets = { token: "abcdef.0123456789abcdef", certificateKey: "00".repeat(32) };

const documents = (text: string) => text.split("\n---\n").map((one) => JSON.parse(one));

describe("lab: a kubeadm cluster as data", () => {
  it("`up --installer kubeadm` is an option, another installer is refused by name", () => {
    assert.deepEqual(parseVerb(["up", "--installer", "kubeadm"]), { verb: "up", installer: "kubeadm" });
    assert.throws(() => parseVerb(["up", "--installer", "k3s"]), {
      message: '--installer: must be one of rke, kubeadm, kubespray, kubekey, unit, is "k3s"',
    });
  });

  it("kubeadm init gets the topology's own ClusterConfiguration, with the two keys that stand above it", () => {
    assert.ok(cp1);
    const [init, cluster, kubelet] = documents(initConfiguration(topology, cp1, secrets));
    assert.deepEqual(
      [init.kind, cluster.kind, kubelet.kind],
      ["InitConfiguration", "ClusterConfiguration", "KubeletConfiguration"],
    );
    assert.deepEqual(init.localAPIEndpoint, { advertiseAddress: "192.168.31.111", bindPort: 6443 });
    const { apiVersion, kind, ...rest } = cluster;
    assert.deepEqual(rest, { ...topology.kubeadm, kubernetesVersion: "v1.36.3", clusterName: "lab" });
    assert.deepEqual(cluster, clusterConfiguration(topology));
  });

  it("a control plane host joins as one, a worker doesn't; both by the endpoint, with the CA's hash", () => {
    assert.ok(cp3 && worker1);
    const [control] = documents(joinConfiguration(topology, cp3, secrets, "aa"));
    const [worker] = documents(joinConfiguration(topology, worker1, secrets, "aa"));
    const found = { apiServerEndpoint: "api.lab.test:6443", token: secrets.token, caCertHashes: ["sha256:aa"] };
    assert.deepEqual([control.discovery.bootstrapToken, worker.discovery.bootstrapToken], [found, found]);
    assert.deepEqual(control.controlPlane.localAPIEndpoint.advertiseAddress, "192.168.31.113");
    assert.equal(worker.controlPlane, undefined);
  });

  it("controlPlaneEndpoint's name leads to the first control plane host, on each host", () => {
    assert.ok(worker1);
    assert.deepEqual(endpointOf(topology), { name: "api.lab.test", hostPort: "api.lab.test:6443" });
    assert.match(hostsFile(topology, worker1), /^192\.168\.31\.111\tapi\.lab\.test$/m);
    const bare = { ...topology, kubeadm: { controlPlaneEndpoint: "192.168.31.9" } };
    assert.deepEqual(endpointOf(bare), { name: "192.168.31.9", hostPort: "192.168.31.9:6443" });
    assert.doesNotMatch(hostsFile(bare, worker1), /192\.168\.31\.9/);
    assert.equal(endpointOf({ ...topology, kubeadm: {} }), undefined);
  });

  it("refuses a version, an etcd and a topology that the lab can't make, all at once", () => {
    assert.deepEqual(topologyProblems(topology), []);
    const datacenters = topology.datacenters.map((dc) => ({ ...dc, hosts: dc.hosts.filter((h) => h === worker1) }));
    assert.deepEqual(topologyProblems({ ...topology, kubernetesVersion: "v1.30.0", kubeadm: {}, datacenters }, "3.5"), [
      "--etcd: must be left out for a kubeadm cluster, whose etcd is 3.6.16-0, is 3.5",
      "topology.kubernetesVersion: must be v1.36.3, which the lab builds, is v1.30.0",
      "topology.kubeadm.etcd.local.imageTag: must be 3.6.16-0, which the lab builds, is missing",
      "topology: must have a host with the role controlplane, has 1 hosts without it",
    ]);
  });

  it("images: kubeadm's own list without the two that the lab leaves out", () => {
    const listed = [
      "registry.k8s.io/kube-proxy:v1",
      "registry.k8s.io/coredns/coredns:v1",
      "r.test:5000/etcd:3.6.16-0",
      "",
    ];
    assert.deepEqual(usedImages(listed.join("\n")), ["r.test:5000/etcd:3.6.16-0"]);
    assert.equal(componentOf("r.test:5000/etcd:3.6.16-0"), "etcd");
  });

  it("containers: each under its name, as it was last made", () => {
    const one = (name: string, state: string, createdAt: string) => ({
      metadata: { name },
      image: { image: "sha256:1", userSpecifiedImage: `r/${name}:1` },
      state: `CONTAINER_${state}`,
      createdAt,
    });
    const containers = [one("etcd", "RUNNING", "20"), one("etcd", "EXITED", "9"), one("a", "CREATED", "1")];
    assert.deepEqual(readCri(JSON.stringify({ containers })), [
      { name: "a", image: "r/a:1", state: "created" },
      { name: "etcd", image: "r/etcd:1", state: "running" },
    ]);
    assert.deepEqual(readCri(""), []);
  });

  it("a machine whose control groups are of version 2 is refused by name", () => {
    assert.equal(
      ownCgroupsProblem(() => false),
      undefined,
    );
    assert.match(ownCgroupsProblem((path) => path.endsWith("cgroup.controllers")) ?? "", /must have .* of version 1/);
  });

  it("a machine without room for the hosts' inotify instances is refused by name, with how many are in use", () => {
    const wanted = instancesOf(5, 3);
    assert.equal(inotifyProblem(wanted, 128, 128 - wanted), undefined);
    assert.equal(
      inotifyProblem(wanted, 128, 60),
      `fs.inotify.max_user_instances: must have room for the ${wanted} instances of the lab's hosts, is 128, of which 60 are in use: take other labs down, or \`sysctl -w fs.inotify.max_user_instances=1024\``,
    );
    // those of this machine are counted
    assert.match(inotifyProblem(1e9) ?? "", /of which \d+ are in use/);
  });

  it("the CA's hash is the one that kubeadm prints for its join command", () => {
    // openssl x509 -pubkey -in FILE -noout | openssl pkey -pubin -outform der | sha256sum
    const pem = readFileSync(join(__dirname, "fixtures/ca.crt"), "utf8");
    assert.equal(publicKeyHash(pem), readFileSync(join(__dirname, "fixtures/ca.sha256"), "utf8").trim());
  });
});
