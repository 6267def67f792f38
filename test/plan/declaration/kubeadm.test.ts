import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { parseTopology, TopologyError, warnings } from "../../../plan/declaration/declaration";
import { actProblems } from "../../../plan/declaration/installers";

const file = (name: string): Record<string, unknown> =>
  parse(readFileSync(join(__dirname, "../../../topologies", name), "utf8"));

/** topologies/kubeadm.yaml with keys replaced; the hosts' roles by name. */
function kubeadm(rest: Record<string, unknown> = {}, roles: Record<string, string[]> = {}) {
  const topology = { ...file("kubeadm.yaml"), ...rest } as {
    datacenters: { hosts: { name: string; roles: string[] }[] }[];
  };
  for (const host of topology.datacenters.flatMap((dc) => dc.hosts)) {
    host.roles = roles[host.name] ?? host.roles;
  }
  return topology;
}

const problemsOf = (value: unknown): string[] => {
  try {
    parseTopology(value);
    return [];
  } catch (error) {
    assert.ok(error instanceof TopologyError, String(error));
    return error.problems;
  }
};

/** The only value in a part of a topology, as an error shows it. */
const shown = (part: unknown): string =>
  typeof part === "object" && part !== null ? shown(Object.values(part)[0]) : JSON.stringify(part);

describe("a topology of kubeadm", () => {
  it("is valid, and acts know it", () => {
    const topology = parseTopology(kubeadm());
    assert.equal(topology.installer, "kubeadm");
    assert.deepEqual(actProblems(topology), []);
    assert.deepEqual(actProblems(parseTopology(file("seed.yaml"))), []);
  });

  it("reads extraArgs as v1beta3's mapping, too, sorted by name", () => {
    const { kubeadm: declared } = parseTopology(kubeadm({ kubeadm: { apiServer: { extraArgs: { v: "2", a: "1" } } } }));
    assert.deepEqual(declared?.apiServer.extraArgs, [
      { name: "a", value: "1" },
      { name: "v", value: "2" },
    ]);
  });

  for (const [what, value, problem] of [
    [
      "RKE's key in a topology of kubeadm",
      kubeadm({ rke: { network: {} } }),
      'topology.rke: is not a key of the installer kubeadm: {"network":{}}',
    ],
    [
      "a key that kubeadm has elsewhere",
      kubeadm({ serviceCidr: "10.43.0.0/16" }),
      'topology.serviceCidr: is not a key of the installer kubeadm (kubeadm has it under kubeadm.networking.serviceSubnet): "10.43.0.0/16"',
    ],
    [
      "etcd's settings of RKE",
      kubeadm({ etcd: { electionTimeout: 5000 } }),
      "topology.etcd.electionTimeout: is not a key of the installer kubeadm (kubeadm has it under kubeadm.etcd.local.extraArgs): 5000",
    ],
    [
      "kubeadm's key in a topology of RKE",
      { ...file("seed.yaml"), kubeadm: { controlPlaneEndpoint: "api.test" } },
      'topology.kubeadm: is not a key of the installer rke: {"controlPlaneEndpoint":"api.test"}',
    ],
    [
      "an installer that isn't known",
      { ...file("seed.yaml"), installer: "kubadm" },
      'topology.installer: is none of the words that are known here (did you mean "kubeadm"?): "kubadm"',
    ],
    [
      "RKE's release",
      kubeadm({ kubernetesVersion: "v1.20.5-rancher1-1" }),
      'topology.kubernetesVersion: is not a version of Kubernetes whose kubeadm this program knows (v1.28.0 to v1.37): "v1.20.5-rancher1-1"',
    ],
    [
      "a control plane host without etcd",
      kubeadm({}, { cp2: ["controlplane"] }),
      'topology.datacenters[0].hosts[1].roles: kubeadm puts etcd on each control plane host and nowhere else (kubeadm.etcd.external is an etcd of its own): ["controlplane"]',
    ],
    [
      "an endpoint that no certificate can name",
      kubeadm({ kubeadm: { controlPlaneEndpoint: "API_1:6443" } }),
      'topology.kubeadm.controlPlaneEndpoint: is neither HOST nor HOST:PORT, with a DNS name in small letters or an address: "API_1:6443"',
    ],
    [
      "a range that is none",
      kubeadm({ kubeadm: { networking: { serviceSubnet: "10.96.0.0/12,fd00" } } }),
      'topology.kubeadm.networking.serviceSubnet: is not an address range in CIDR form: "10.96.0.0/12,fd00"',
    ],
    // kubeadm v1.36.3 refuses each of the following as well
    ...(
      [
        [
          "two ranges of one family",
          { networking: { serviceSubnet: "10.96.0.0/16,10.97.0.0/16" } },
          "networking.serviceSubnet: is neither one range nor one of each family",
        ],
        [
          "a range of 2^21 addresses for Services",
          { networking: { serviceSubnet: "10.0.0.0/11" } },
          "networking.serviceSubnet: is too small or too large for Services: kubeadm takes /12 to /28, of IPv6 /108 to /124",
        ],
        [
          "a range of 8 addresses for Services",
          { networking: { serviceSubnet: "fd00::/125" } },
          "networking.serviceSubnet: is too small or too large for Services: kubeadm takes /12 to /28, of IPv6 /108 to /124",
        ],
        [
          "a domain in capitals",
          { networking: { dnsDomain: "Corp.local" } },
          "networking.dnsDomain: is not a DNS name in small letters",
        ],
        [
          "an address in brackets without a port",
          { controlPlaneEndpoint: "[fd00::1]" },
          "controlPlaneEndpoint: is neither HOST nor HOST:PORT, with a DNS name in small letters or an address",
        ],
        [
          "a port that is none",
          { controlPlaneEndpoint: "api.test:70000" },
          "controlPlaneEndpoint: is neither HOST nor HOST:PORT, with a DNS name in small letters or an address",
        ],
        [
          "a repository with a slash at its end",
          { imageRepository: "mirror.test/" },
          "imageRepository: is not an image repository like registry.test:5000/folder",
        ],
        [
          "a folder that isn't absolute",
          { etcd: { local: { dataDir: "etcd" } } },
          "etcd.local.dataDir: is not an absolute path",
        ],
        [
          "a name of etcd's in capitals",
          { etcd: { local: { peerCertSANs: ["E.test"] } } },
          "etcd.local.peerCertSANs[0]: is neither an address nor a DNS name in small letters",
        ],
        [
          "a time without a unit",
          { certificateValidityPeriod: "300" },
          'certificateValidityPeriod: is not a time like "8760h0m0s"',
        ],
      ] as const
    ).map(
      ([what, part, problem]) =>
        [what, kubeadm({ kubeadm: part }), `topology.kubeadm.${problem}: ${shown(part)}`] as const,
    ),
  ] as const) {
    it(`${what}: one error`, () => assert.deepEqual(problemsOf(value), [problem]));
  }

  it("tells several at once", () =>
    assert.equal(
      problemsOf(kubeadm({ rke: {}, kubeApi: {}, standby: "c", kubeadm: { certificatesDirs: "/x" } })).length,
      4,
    ));

  it("keeps its folders for an act where kubeadm puts them: scripts on hosts know no other", () => {
    const elsewhere = { certificatesDir: "/pki", etcd: { local: { dataDir: "/data" } } };
    assert.deepEqual(actProblems(parseTopology(kubeadm({ kubeadm: elsewhere }))), [
      "topology.kubeadm.etcd.local.dataDir: acts know /var/lib/etcd alone, render and import any: /data",
      "topology.kubeadm.certificatesDir: acts know /etc/kubernetes/pki alone, render and import any: /pki",
    ]);
  });

  it("with an external etcd needs no member among its hosts, and acts name it", () => {
    const external = { etcd: { external: { endpoints: ["https://10.9.0.1:2379"] } } };
    const roles = { cp1: ["controlplane"], cp2: ["controlplane"], cp3: ["controlplane"] };
    const topology = parseTopology(kubeadm({ kubeadm: external }, roles));
    assert.match(actProblems(topology).join("\n"), /topology\.kubeadm\.etcd\.external: .*: external$/);
  });

  it("warns where nothing can be moved, and where etcd's image is a guess", () => {
    const notes = warnings(parseTopology(kubeadm({ kubernetesVersion: "v1.33.4", kubeadm: {} }))).join("\n");
    assert.match(notes, /kubeadm\.controlPlaneEndpoint isn't declared/);
    assert.match(notes, /3\.5\.21-0 is what kubeadm v1\.33\.0 takes, v1\.33\.4 may take another/);
  });
});

describe("an external etcd of kubeadm's", () => {
  const files = { caFile: "/ca", certFile: "/c", keyFile: "/k" };
  const https = ["https://10.9.0.1:2379"];
  for (const [external, problem] of [
    [
      { endpoints: ["http://10.9.0.1:2379"], ...files },
      /has files of certificates, so each endpoint must begin with https:/,
    ],
    [{ endpoints: https, caFile: "/ca", certFile: "/c" }, /has certFile without keyFile/],
    [{ endpoints: https, certFile: "/c", keyFile: "/k" }, /has certFile and keyFile without caFile/],
    [{ endpoints: https, ...files, caFile: "ca" }, /etcd\.external\.caFile: .*/],
    [{ endpoints: ["10.9.0.1:2379"] }, /endpoints\[0\]: is not a URL like/],
  ] as const) {
    it(`${JSON.stringify(external)} is refused, as kubeadm v1.36.3 refuses it`, () =>
      assert.match(problemsOf(kubeadm({ kubeadm: { etcd: { external } } })).join("\n"), problem));
  }
});
