import assert from "node:assert/strict";
import { parse, stringify } from "yaml";
import { parseTopology, warnings } from "../../../plan/declaration/declaration";
import { ImportError, importCluster, importTopology } from "../../../plan/import/import";
import { withSecrets } from "../../../plan/installers/rke/cluster-secrets";
import { clusterYml, clusterYmlText } from "../../../plan/installers/rke/cluster-yml";
import { render } from "../../../plan/review/rendering";
import { afterLoss, inPeace } from "../../../plan/topology/site";
import { extraArgs, internalAddresses, learner, seed } from "../worlds/topologies";

const sides = { a: ["master1"], b: ["master3"] };

/** A cluster.yml of two hosts; `change` alters it. */
function two(change: (yml: { nodes: Record<string, unknown>[] } & Record<string, unknown>) => void = () => {}): string {
  const yml = {
    cluster_name: "lab",
    kubernetes_version: "v1.20.5-rancher1-1",
    nodes: [
      { hostname_override: "master1", address: "10.0.0.1", user: "root", role: ["controlplane", "etcd"] },
      { hostname_override: "master3", address: "10.0.0.3", user: "root", role: ["controlplane"] },
    ],
  };
  change(yml);
  return stringify(yml);
}
const imported = (text: string, datacenters: Record<string, string[]> = sides, standby?: string): string =>
  importTopology(text, { datacenters, standby });

describe("an imported topology", () => {
  for (const [what, topology] of Object.entries({
    seed: seed(),
    learner: learner(),
    "internal addresses": internalAddresses(),
    "extra args": extraArgs(),
  })) {
    it(`renders the cluster.yml that it came from: ${what}`, () => {
      const names = Object.fromEntries(topology.datacenters.map((dc) => [dc.name, dc.hosts.map((h) => h.name)]));
      const text = clusterYmlText(inPeace(topology));
      assert.equal(clusterYmlText(inPeace(parseTopology(parse(imported(text, names, topology.standby))))), text);
    });
  }

  it("takes hosts by address too", () => {
    const topology = parseTopology(parse(imported(two(), { a: ["10.0.0.1"], b: ["10.0.0.3"] })));
    assert.deepEqual(
      topology.datacenters.map((dc) => dc.hosts[0]?.name),
      ["master1", "master3"],
    );
  });

  it("keeps under rke: what it doesn't model", () => {
    const text = two((yml) => {
      yml.network = { plugin: "canal" };
      yml.services = { etcd: { snapshot: true, extra_args: { "quota-backend-bytes": 7 } }, scheduler: { image: "x" } };
    });
    const topology = parseTopology(parse(imported(text)));
    assert.deepEqual(topology.rke, {
      network: { plugin: "canal" },
      services: { etcd: { snapshot: true }, scheduler: { image: "x" } },
    });
    assert.deepEqual(topology.etcd.extraArgs, { "quota-backend-bytes": "7" });
  });

  it("keeps the range that kube-controller-manager runs with if cluster.yml says kube-apiserver's alone", () => {
    const text = two((yml) => {
      yml.services = { "kube-api": { service_cluster_ip_range: "10.96.0.0/12" } };
    });
    const { services } = clusterYml(inPeace(parseTopology(parse(imported(text))))) as {
      services: Record<string, { service_cluster_ip_range: string }>;
    };
    assert.deepEqual(
      [services["kube-api"], services["kube-controller"]].map((s) => s?.service_cluster_ip_range),
      ["10.96.0.0/12", "10.43.0.0/16"],
    );
    assert.match(imported(text), /kube-controller\.service_cluster_ip_range: 10\.43\.0\.0\/16, but/);
  });

  it("takes a host's name of digits alone, as RKE does", () => {
    const text = two((yml) => Object.assign(yml.nodes[1] ?? {}, { hostname_override: "3" }));
    const topology = parseTopology(parse(imported(text, { a: ["master1"], b: ["3"] })));
    assert.equal(topology.datacenters[1]?.hosts[0]?.name, "3");
  });

  it("takes the zero values that `rke config` writes for not set", () => {
    const text = two((yml) => {
      Object.assign(yml, {
        authentication: { strategy: "x509", sans: [], webhook: null },
        system_images: {
          etcd: "rancher/coreos-etcd:v3.4.14-rancher1",
          kubernetes: "rancher/hyperkube:v1.20.5-rancher1",
        },
        services: { etcd: { image: "", extra_args: {}, external_urls: [], uid: 0, snapshot: null }, "kube-api": null },
        private_registries: [],
        bastion_host: { address: "", port: "" },
        ssh_key_path: "",
      });
      for (const node of yml.nodes) {
        Object.assign(node, { port: "22", internal_address: "", docker_socket: "/var/run/docker.sock", ssh_key: "" });
        Object.assign(node, { labels: {}, taints: [], ssh_key_path: "~/.ssh/own" });
      }
    });
    const read = imported(text);
    assert.equal(parseTopology(parse(read)).ssh.keyPath, "~/.ssh/own");
    assert.doesNotMatch(read, /^# - (rke\.|master\d\.|ssh)/m);
  });

  it("keeps cluster.yml's order of hosts where it isn't the standby's first", () => {
    const topology = parseTopology(parse(imported(two())));
    assert.deepEqual(topology.order, ["master1", "master3"]);
    assert.match(warnings(topology).join("\n"), /order: b's hosts don't come first in cluster\.yml/);
    assert.equal(parseTopology(parse(imported(two(), sides, "a"))).order, undefined);
  });

  it("keeps further names in the API server's certificate, behind those of the hosts", () => {
    const text = two((yml) => {
      yml.authentication = { strategy: "x509", sans: ["vip.example", "10.0.0.100"] };
    });
    const topology = parseTopology(parse(imported(text)));
    const sans = (lost?: string) => {
      const site = lost === undefined ? inPeace(topology) : afterLoss(topology, lost, undefined);
      return (clusterYml(site).authentication as { sans: string[] }).sans;
    };
    assert.deepEqual(sans(), ["vip.example", "10.0.0.100"]);
    assert.deepEqual(sans("a"), ["10.0.0.1", "master1", "vip.example", "10.0.0.100"]);
  });

  it("calls a host without a name by its address, as RKE does, and names by small letters", () => {
    const text = two((yml) => {
      delete yml.nodes[0]?.hostname_override;
      Object.assign(yml.nodes[1] ?? {}, { hostname_override: "Master3.Example" });
    });
    const topology = parseTopology(parse(imported(text, { a: ["10.0.0.1"], b: ["Master3.Example"] })));
    const { processes, certificates } = render(topology, { stack: "primary" });
    assert.ok(processes["10.0.0.1/etcd"]?.args?.includes("--name=etcd-10.0.0.1"));
    assert.deepEqual(certificates["kube-apiserver"]?.dnsNames.slice(0, 2), ["master3.example", "localhost"]);
    assert.deepEqual(certificates["kube-apiserver"]?.ipAddresses.slice(0, 2), ["10.0.0.1", "10.0.0.3"]);
  });

  for (const [what, change, expected] of [
    ["the usual release", {}, undefined],
    ["a version of a later line", { kubernetes_version: "v1.24.16-rancher1-1" }, "v1.3.23"],
    [
      "a version whose images are those of a later one",
      {
        kubernetes_version: "v1.24.16-rancher1-1",
        system_images: { kubernetes: "rancher/hyperkube:v1.26.7-rancher1" },
      },
      "v1.4.8",
    ],
    ["a version that only releases after the table have", { kubernetes_version: "v1.32.6-rancher1-1" }, "v1.8.14"],
    [
      "such a version by its image",
      {
        kubernetes_version: "",
        system_images: {
          etcd: "rancher/mirrored-coreos-etcd:v3.5.16",
          kubernetes: "rancher/hyperkube:v1.32.4-rancher1",
          kubernetes_services_sidecar: "rancher/rke-tools:v0.1.112",
        },
      },
      "v1.8.14",
    ],
  ] as const) {
    it(`takes a release of RKE that can have made the cluster: ${what}`, () => {
      const text = imported(two((yml) => Object.assign(yml, change)));
      assert.equal(parse(text).rkeVersion, expected);
      assert.equal(render(parseTopology(parse(text)), { stack: "primary" }).refused.length, 0);
    });
  }

  for (const [what, change, problem] of [
    [
      "a word where RKE reads a mapping",
      { services: { "kube-api": { admission_configuration: "privileged" } } },
      'services.kube-api.admission_configuration: is not a mapping: "privileged" (line 17; RKE refuses it as well)',
    ],
    [
      "PodSecurityPolicy after Kubernetes 1.24",
      {
        kubernetes_version: "v1.25.16-rancher2-3",
        services: { "kube-api": { pod_security_policy: true } },
      },
      "topology.rke.services.kube-api.pod_security_policy: RKE v1.4.16 refuses it with Kubernetes 1.25 and later: true",
    ],
    [
      "the cloud provider aws after Kubernetes 1.26",
      { kubernetes_version: "v1.28.14-rancher1-1", cloud_provider: { name: "aws" } },
      'topology.rke.cloud_provider.name: RKE v1.5.14 refuses it with Kubernetes 1.27 and later, which has external-aws: "aws"',
    ],
    [
      "Pod Security without RBAC",
      { kubernetes_version: "v1.28.14-rancher1-1", authorization: { mode: "none" } },
      'topology.rke.authorization.mode: RKE v1.5.14 refuses it with Pod Security, which Kubernetes 1.23 and later have, unless it is rbac: "none"',
    ],
    [
      "an unknown level of Pod Security",
      {
        kubernetes_version: "v1.28.14-rancher1-1",
        services: { "kube-api": { pod_security_configuration: "strict" } },
      },
      'topology.rke.services.kube-api.pod_security_configuration: RKE v1.5.14 refuses it unless it is privileged or restricted: "strict"',
    ],
  ] as const) {
    it(`refuses what RKE refuses: ${what}`, () =>
      assert.throws(() => imported(two((yml) => Object.assign(yml, change))), { problems: [problem] }));
  }

  for (const [rkeVersion, name] of [
    ["v1.2.23", "kube-etcd-Master1-Example"],
    ["v1.3.0", "kube-etcd-master1-example"],
  ] as const) {
    it(`names an etcd certificate by an address with capital letters as RKE ${rkeVersion} does`, () => {
      const text = two((yml) => Object.assign(yml.nodes[0] ?? {}, { address: "Master1.Example" }));
      const topology = parseTopology(
        parse(importTopology(text, { datacenters: sides, standby: undefined, rkeVersion })),
      );
      const { certificates, processes } = render(topology, { stack: "primary" });
      assert.ok(Object.keys(certificates).includes(name));
      assert.ok(processes["master1/etcd"]?.args?.includes(`--cert-file=/etc/kubernetes/ssl/${name}.pem`));
      assert.ok(
        processes["master1/etcd"]?.args?.includes("--initial-advertise-peer-urls=https://Master1.Example:2380"),
      );
    });
  }

  it("says of a release that nothing recorded what it counts as", () => {
    const text = imported(two((yml) => Object.assign(yml, { kubernetes_version: "v1.32.6-rancher1-1" })));
    assert.match(text, /^# - rkeVersion: .*no plan of a release after v1\.7\.0-rc\.3 is recorded/m);
  });

  it("takes a role that stands twice where that changes nothing, and refuses it where RKE lists the host twice", () => {
    const roles = (role: string[]) => two((yml) => Object.assign(yml.nodes[0] ?? {}, { role }));
    const topology = parseTopology(parse(imported(roles(["controlplane", "etcd", "worker", "worker"]))));
    assert.deepEqual(topology.datacenters[0]?.hosts[0]?.roles, ["controlplane", "etcd", "worker"]);
    assert.throws(() => imported(roles(["controlplane", "etcd", "etcd"])), {
      problems: [
        'nodes master1.role: names etcd twice, and RKE lists the host twice in etcd\'s arguments: write it once: ["controlplane","etcd","etcd"]',
      ],
    });
  });

  it("refuses an external etcd, on hosts of cluster.yml or elsewhere", () => {
    for (const url of ["https://10.0.0.3:2379", "https://e:2379"]) {
      const text = two((yml) => {
        for (const node of yml.nodes) node.role = ["controlplane"];
        yml.services = { etcd: { external_urls: [url], path: "/registry", ca_cert: "CA", key: "K" } };
      });
      assert.throws(
        () => imported(text),
        (error: { problems?: string[] }) => {
          const told = error.problems?.filter((problem) => problem.startsWith("services.etcd.external_urls: ")) ?? [];
          assert.equal(told.length, 1);
          assert.match(told[0] ?? "", /an etcd that RKE doesn't run can't be recovered .*: \["https:/);
          assert.doesNotMatch(String(error), /"K"|"CA"/);
          return true;
        },
      );
    }
  });

  it("carries a webhook for tokens over, its file as a secret", () => {
    const file = "users: [{name: a, user: {token: SEEDED}}]\n";
    const text = two((yml) => {
      yml.authentication = {
        strategy: "x509|webhook",
        sans: ["vip"],
        webhook: { config_file: file, cache_timeout: "9s" },
      };
    });
    assert.throws(() => imported(text), /authentication\.webhook\.config_file: may hold a token.*--secrets-into STACK/);
    const { text: read, secrets } = importCluster(text, { datacenters: sides, standby: "b", keepsSecrets: true });
    const placeholder = "<secret authentication.webhook.config_file>";
    assert.deepEqual(secrets, { [placeholder]: file });
    const site = inPeace(parseTopology(parse(read)));
    assert.deepEqual(clusterYml(site).authentication, {
      strategy: "x509|webhook",
      webhook: { config_file: placeholder, cache_timeout: "9s" },
      sans: ["vip"],
    });
    assert.deepEqual(parse(withSecrets(clusterYmlText(site), secrets)).authentication.webhook.config_file, file);
  });

  it("keeps an empty webhook, which turns it on, and leaves x509 alone out", () => {
    const rke = (authentication: object) =>
      parseTopology(parse(imported(two((yml) => Object.assign(yml, { authentication }))))).rke;
    assert.deepEqual(rke({ webhook: {} }), { authentication: { webhook: {} } });
    assert.deepEqual(rke({ strategy: "x509", webhook: null }), {});
  });

  it("follows YAML's merge keys", () => {
    const text = [
      "defaults: &d {user: root, role: [controlplane, etcd]}",
      ...two()
        .replace(/ {4}user: root\n {4}role:\n( {6}- .*\n)+/g, "    <<: *d\n")
        .split("\n"),
    ].join("\n");
    assert.deepEqual(parseTopology(parse(imported(text))).datacenters[1]?.hosts[0]?.roles, ["controlplane", "etcd"]);
  });
});

describe("notes of an import", () => {
  const cases: [string, string, RegExp][] = [
    ["the deploy hosts", imported(two()), /# - deploy host of b: master3/],
    ["the standby, where it was chosen", imported(two()), /# - standby: b, since it has a control plane host/],
    [
      "what the order that is kept costs",
      imported(two()),
      /# - order: kept, master1, master3, .* While master3 isn't first, `rke up` after a failover issues/,
    ],
    ["labels to come", imported(two()), /# - label topology\.kubernetes\.io\/zone: master1, master3 get it/],
    ["keys to pin", imported(two()), /# - hostKey: pin master1, master3/],
    [
      "RKE's defaults",
      imported(
        two((yml) => {
          delete yml.cluster_name;
          delete yml.kubernetes_version;
        }),
      ),
      /cluster_name: .* takes local[\s\S]*kubernetes_version: .* takes v1\.20\.5-rancher1-1/,
    ],
    [
      "a key of one host",
      imported(
        two((yml) => {
          yml.ssh_key_path = "~/.ssh/a";
          Object.assign(yml.nodes[0] ?? {}, { ssh_key_path: "~/.ssh/b" });
        }),
      ),
      /# - master1\.ssh_key_path: left out, the operator's key is one for all: ~\/\.ssh\/b/,
    ],
    [
      "another user than root",
      imported(
        two((yml) => {
          for (const node of yml.nodes) node.user = "ubuntu";
        }),
      ),
      /ssh\.user: ubuntu; .* by sudo/,
    ],
    [
      "secrets",
      imported(
        two((yml) => {
          yml.private_registries = [{ url: "r.example", user: "u", password: "hush" }];
        }),
      ),
      /# - rke\.private_registries\[0\]\.password: LEFT OUT/,
    ],
  ];
  for (const [what, text, pattern] of cases) {
    it(what, () => assert.match(text, pattern));
  }
  it("never tell the secret", () => assert.doesNotMatch(cases.map(([, text]) => text).join(), /hush/));
  it("say nothing of the order where it stays", () => {
    assert.doesNotMatch(imported(two(), sides, "a"), /order:/);
  });
});

describe("what can't be carried over stops an import by name", () => {
  const cases: [string, () => string, RegExp][] = [
    ["no YAML", () => imported("a: [", sides), /cluster\.yml: is not YAML/],
    [
      "services that are none",
      () =>
        imported(
          two((yml) => {
            yml.services = { etcd: "x" };
          }),
        ),
      /services\.etcd: is not a mapping: "x"/,
    ],
    ["no nodes", () => imported("cluster_name: x"), /has no list of nodes/],
    [
      "an unknown host",
      () => imported(two(), { ...sides, b: ["master3", "m9"] }),
      /--datacenter b: is not a node of cluster\.yml \(known are master1, master3\): "m9"/,
    ],
    ["a host in no datacenter", () => imported(two(), { a: ["master1"] }), /is in no datacenter: "master3"/],
    [
      "a host in two",
      () => imported(two(), { a: ["master1", "master3"], b: ["master3"] }),
      /more than one datacenter \(a, b\): "master3"/,
    ],
    ["one datacenter", () => imported(two(), { a: ["master1", "master3"] }), /needs two datacenters or more/],
    [
      "an unknown standby",
      () => imported(two(), sides, "q"),
      /topology\.standby: is not one of the datacenters \(known are a, b\): "q"/,
    ],
    [
      "another strategy of authentication",
      () =>
        imported(
          two((yml) => {
            yml.authentication = { strategy: "x509|oidc" };
          }),
        ),
      /authentication\.strategy: RKE v1\.2\.7 refuses it unless it is "x509" or "x509\|webhook": "x509\|oidc"/,
    ],
    [
      "another docker socket",
      () =>
        imported(
          two((yml) => {
            (yml.nodes[0] ?? {}).docker_socket = "/run/d.sock";
          }),
        ),
      /nodes master1\.docker_socket: .*: "\/run\/d\.sock"/,
    ],
    [
      "an unknown version",
      () =>
        imported(
          two((yml) => {
            yml.kubernetes_version = "v1.9.1";
          }),
        ),
      /topology\.kubernetesVersion: is not a version that this program knows/,
    ],
  ];
  it("a datacenter none of whose hosts are there is told once", () => {
    const run = () => imported(two(), { ...sides, c: ["m9"] });
    assert.throws(run, (e) => e instanceof ImportError && e.problems.length === 1);
  });
  for (const [what, run, pattern] of cases) {
    it(what, () => assert.throws(run, (e) => e instanceof ImportError && pattern.test(e.message)));
  }
});
