import assert from "node:assert/strict";
import { systemd } from "../../lab/hosts/runtimes";
import {
  backupSchedule,
  backupScript,
  certificatesOn,
  clientUrls,
  etcdEnvironment,
  etcdHosts,
  etcdService,
  userOf,
} from "../../lab/installers/etcd-files";
import { topologyProblems, withExternalEtcd } from "../../lab/installers/kubespray";
import { hostsOf, readTopology } from "../../lab/state/topology";

const topology = readTopology(
  `installer: kubespray
kubernetesVersion: v1.36.3
datacenters:
  - name: a
    hosts:
      - {name: cp1, address: 10.0.0.1, roles: [controlplane, etcd]}
      - {name: cp2, address: 10.0.0.2, roles: [controlplane]}
  - name: b
    hosts:
      - {name: store, address: 10.0.0.3, internalAddress: 10.1.0.3, roles: [etcd]}
      - {name: w, address: 10.0.0.4, roles: [worker]}
kubeadm: {controlPlaneEndpoint: api.test:6443, networking: {podSubnet: 10.244.0.0/16}}
`,
  "three.yaml",
);
const [cp1, cp2, store] = hostsOf(topology);

describe("lab: etcd as a unit of systemd, as data", () => {
  it("each host with the role etcd has one, at the address by which hosts know each other; without roles, every host", () => {
    assert.deepEqual(
      etcdHosts(topology).map(({ name }) => name),
      ["cp1", "store"],
    );
    assert.deepEqual(clientUrls(topology), ["https://10.0.0.1:2379", "https://10.1.0.3:2379"]);
    const bare = { ...topology, datacenters: [{ name: "a", hosts: [{ name: "x", address: "10.0.0.9" }] }] };
    assert.deepEqual(
      etcdHosts(bare).map(({ name }) => name),
      ["x"],
    );
  });

  it("kubespray numbers its members, KubeKey names them like their hosts", () => {
    assert.ok(store);
    assert.match(etcdEnvironment("kubespray", topology, store), /^ETCD_NAME=etcd2$/m);
    assert.match(
      etcdEnvironment("kubespray", topology, store),
      /^ETCD_INITIAL_CLUSTER=etcd1=https:\/\/10\.0\.0\.1:2380,etcd2=https:\/\/10\.1\.0\.3:2380$/m,
    );
    assert.match(etcdEnvironment("kubekey", topology, store), /^ETCD_NAME=store$/m);
    assert.match(etcdEnvironment("kubekey", topology, store), /^ETCDCTL_CERT=\/etc\/ssl\/etcd\/ssl\/server\.crt$/m);
    assert.match(
      etcdEnvironment("kubespray", topology, store),
      /^ETCD_KEY_FILE=\/etc\/ssl\/etcd\/ssl\/member-store-key\.pem$/m,
    );
  });

  it("the unit runs as the installer's user, with nothing but its file of settings", () => {
    assert.match(etcdService("kubespray", topology), /^User=etcd$/m);
    assert.match(etcdService("kubekey", topology), /^User=root$[\s\S]*^OOMScoreAdjust=-1000$/m);
    for (const installer of ["kubespray", "kubekey", "unit"] as const)
      assert.match(
        etcdService(installer, topology),
        /^Type=notify$[\s\S]*^EnvironmentFile=\/etc\/etcd\.env$\n^ExecStart=\/usr\/local\/bin\/etcd$[\s\S]*^Restart=always$/m,
      );
  });

  it("kubeadm is given every etcd, and the client certificate of the first control plane host; the topology may name other files", () => {
    const { external } = withExternalEtcd("kubespray", topology).kubeadm?.etcd as { external: object };
    assert.deepEqual(external, {
      endpoints: ["https://10.0.0.1:2379", "https://10.1.0.3:2379"],
      caFile: "/etc/ssl/etcd/ssl/ca.pem",
      certFile: "/etc/ssl/etcd/ssl/node-cp1.pem",
      keyFile: "/etc/ssl/etcd/ssl/node-cp1-key.pem",
    });
    const named = { ...topology, kubeadm: { etcd: { external: { certFile: "/x/{host}.crt" } } } };
    const given = withExternalEtcd("kubekey", named).kubeadm?.etcd as { external: { certFile: string } };
    assert.equal(given.external.certFile, "/x/cp1.crt");
  });

  it("a topology's own settings and unit are the hosts', with each host's own words in the place of those in braces", () => {
    assert.ok(store);
    const env = "ETCD_NAME={member}\nETCD_INITIAL_CLUSTER={members}\nETCD_CERT_FILE=/x/{host}.pem\nA={other}\n";
    const own = {
      ...topology,
      etcdUnit: { env, unit: "[Service]\n" },
      datacenters: topology.datacenters.map((dc) => ({
        ...dc,
        hosts: dc.hosts.map((h) => (h.name === "store" ? { ...h, etcdUnit: { member: "s1" } } : h)),
      })),
    };
    const [, , declared] = hostsOf(own);
    assert.ok(declared);
    assert.equal(
      etcdEnvironment("kubespray", own, declared),
      "ETCD_NAME=s1\nETCD_INITIAL_CLUSTER=cp1=https://10.0.0.1:2380,s1=https://10.1.0.3:2380\nETCD_CERT_FILE=/x/store.pem\nA={other}\n",
    );
    assert.equal(etcdService("kubespray", own), "[Service]\n");
    assert.deepEqual([userOf("kubespray", own), userOf("kubespray", topology)], ["root", "etcd"]);
  });

  it("a host of etcd has its own certificates and all others that bear a host's name, a control plane host what it asks with", () => {
    assert.ok(cp2 && store);
    const of = (host: typeof cp2) =>
      certificatesOn("kubespray", topology, host)
        .leaves.map(({ certificate }) => certificate.replace(/.*\//, ""))
        .sort();
    assert.deepEqual(of(store), ["member-cp1.pem", "member-store.pem", "node-cp1.pem", "node-cp2.pem"]);
    assert.deepEqual(of(cp2), ["node-cp1.pem", "node-cp2.pem"]);
    assert.deepEqual(certificatesOn("kubespray", topology, cp2).ca, ["/etc/ssl/etcd/ssl/ca.pem"]);
  });

  it("a job takes snapshots by its own endpoints and certificates: a crontab with KubeKey, a timer with kubespray", () => {
    assert.ok(cp1);
    const env = etcdEnvironment("kubespray", topology, cp1);
    assert.match(backupScript(env, cp1), /--endpoints=https:\/\/10\.0\.0\.1:2379 .*member-cp1\.pem/);
    assert.match(Object.values(backupSchedule("kubekey"))[0] ?? "", /^\*\/30 \* \* \* \* sh \/usr\/local\/bin/);
    assert.ok(Object.keys(backupSchedule("kubespray")).some((path) => path.endsWith(".timer")));
  });

  it("refuses a topology without etcd or control plane, and a version that it doesn't build, all at once", () => {
    assert.deepEqual(topologyProblems(topology), []);
    const datacenters = topology.datacenters.map((dc) => ({ ...dc, hosts: [{ name: dc.name, address: "10.0.0.9" }] }));
    assert.deepEqual(topologyProblems({ ...topology, kubernetesVersion: "v1.30.0", datacenters }), [
      "topology.kubernetesVersion: must be v1.36.3, which the lab builds, is v1.30.0",
      "topology: must have a host with the role controlplane, has 2 hosts without it",
      "topology: must have a host with the role etcd, has none",
    ]);
    assert.equal(cp2?.roles?.includes("etcd"), false);
  });

  it("a host's status has etcd's unit and the kubelet's containers, whichever of them it has", () => {
    const container = {
      id: "1",
      metadata: { name: "kube-apiserver" },
      image: { image: "i:1" },
      state: "CONTAINER_RUNNING",
      createdAt: "1",
    };
    const pods = JSON.stringify({ containers: [container] }, null, 2);
    const api = { name: "kube-apiserver", image: "i:1", state: "running" };
    const etcd = { name: "etcd", image: "/usr/local/bin/etcd", state: "running" };
    assert.deepEqual(systemd.read(`${pods}\n\nactive loaded\n/usr/local/bin/etcd\n`), [etcd, api]);
    assert.deepEqual(systemd.read("\nactive loaded\n/usr/local/bin/etcd\n"), [etcd]);
    assert.deepEqual(systemd.read(`${pods}\n\ninactive masked\n/usr/bin/etcd\n`), [api]);
    assert.deepEqual(systemd.read("\ninactive not-found\n"), []);
    assert.deepEqual(systemd.read("\nfailed loaded\n/usr/local/bin/etcd\n"), [{ ...etcd, state: "failed" }]);
  });
});
