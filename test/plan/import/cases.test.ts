import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { parseTopology } from "../../../plan/declaration/declaration";
import { ImportError, importTopology } from "../../../plan/import/import";
import { clusterYml } from "../../../plan/installers/rke/cluster-yml";
import { render } from "../../../plan/review/rendering";
import { inPeace } from "../../../plan/topology/site";
import type { Topology } from "../../../plan/topology/topology";

const folder = join(__dirname, "../../golden/cases-import");
const cluster = (name: string) => readFileSync(join(folder, `${name}.yml`), "utf8");
const sides = { a: ["host-1"], b: ["host-2", "host-3"] };

function text(name: string, datacenters: Record<string, string[]> = sides): string {
  return importTopology(cluster(name), { datacenters, standby: undefined, folder: "/home/me/clusters/one" });
}
const topology = (name: string): Topology => parseTopology(parse(text(name)));
const hostOf = (name: string, host: string) =>
  topology(name)
    .datacenters.flatMap((dc) => dc.hosts)
    .find((h) => h.name === host);
const refusal = (name: string, datacenters = sides as Record<string, string[]>): string[] => {
  try {
    text(name, datacenters);
  } catch (error) {
    assert.ok(error instanceof ImportError);
    return error.problems;
  }
  return [];
};

describe("cluster.yml of the kinds on which an import was wrong", () => {
  const right: [what: string, is: () => unknown, expected: unknown][] = [
    ["address-dns: RKE takes any name", () => hostOf("address-dns", "host-1")?.address, "host-1.example.com"],
    [
      "address-dns: without an internal address etcd's URLs carry the name",
      () =>
        render(topology("address-dns"), { stack: "primary" }).processes["host-1/etcd"]?.args?.filter((w) =>
          w.startsWith("--initial-advertise-peer-urls"),
        ),
      ["--initial-advertise-peer-urls=https://host-1.example.com:2380"],
    ],
    [
      "address-dns: only an address is advertised",
      () =>
        render(topology("address-dns"), { stack: "primary" }).processes["host-1/kube-apiserver"]?.command?.filter((w) =>
          w.startsWith("--advertise-address"),
        ),
      [],
    ],
    [
      "bastion: becomes this program's",
      () => [topology("bastion").ssh.bastion, topology("bastion").rke],
      [{ host: "192.0.2.99", port: 2222, user: "ops", hostKey: "unpinned" }, {}],
    ],
    ["cluster-name-dot: stays", () => topology("cluster-name-dot").cluster, "one.example"],
    ["docker-socket: the same on every host with systemd", () => topology("docker-socket").rke, {}],
    [
      "duplicate-key: the last list counts",
      () => topology("duplicate-key").rke.private_registries,
      [{ url: "registry.example.com", is_default: true }],
    ],
    [
      "extra-args-null: is an empty text",
      () => topology("extra-args-null").kubeApi.extraArgs,
      { "external-hostname": "" },
    ],
    [
      "label-number: texts keep their letters",
      () => hostOf("label-number", "host-1")?.labels,
      {
        release: "1.10",
        code: "0755",
        flag: "yes",
        big: "12345678901234567890",
        hex: "0x1F",
        sci: "1e3",
        date: "2021-01-02",
      },
    ],
    [
      "listen-metrics-urls: isn't RKE's",
      () => topology("listen-metrics-urls").etcd.extraArgs,
      { "listen-metrics-urls": "http://0.0.0.0:2381" },
    ],
    ["registry-password: goes", () => text("registry-password").includes("SECRETEXAMPLE1"), false],
    ["s3-secret-key: both keys go", () => /AKIDEXAMPLE|SECRETEXAMPLE/.test(text("s3-secret-key")), false],
    [
      "ssh-agent-auth: isn't for deploy hosts",
      () => clusterYml(inPeace(topology("ssh-agent-auth"))).ssh_agent_auth,
      undefined,
    ],
    [
      "kubernetes-version-patch: v1.2.7 lacks the version, so a later release made the cluster",
      () => [topology("kubernetes-version-patch").kubernetesVersion, topology("kubernetes-version-patch").rkeVersion],
      ["v1.20.6-rancher1-1", "v1.2.8"],
    ],
    [
      "version-by-image: a release that knows the minor version, its default, and the images as they are",
      () => {
        const { rke, rkeVersion } = topology("version-by-image");
        return [rkeVersion, (rke.system_images as { kubernetes: string }).kubernetes];
      },
      ["v1.8.14", "rancher/hyperkube:v1.30.7-rancher1"],
    ],
    [
      "unrendered-node-port-range: is rendered",
      () =>
        render(topology("unrendered-node-port-range"), { stack: "primary" }).processes[
          "host-1/kube-apiserver"
        ]?.command?.filter((w) => w.startsWith("--service-node-port-range")),
      ["--service-node-port-range=1024-32767"],
    ],
    [
      "ssh-key-relative: from cluster.yml's folder",
      () => topology("ssh-key-relative").ssh.keyPath,
      "/home/me/clusters/keys/id_rsa",
    ],
    [
      "toleration-key: is no secret",
      () => topology("toleration-key").rke.ingress,
      {
        provider: "nginx",
        tolerations: [{ key: "dedicated", operator: "Equal", value: "edge", effect: "NoSchedule" }],
      },
    ],
    [
      "user-per-node: stays with its node",
      () => [topology("user-per-node").ssh.user, hostOf("user-per-node", "host-3")?.ssh],
      ["root", { user: "ubuntu" }],
    ],
    [
      "user-per-node: and comes back into cluster.yml",
      () => (clusterYml(inPeace(topology("user-per-node"))).nodes as { user: string }[]).map((n) => n.user).sort(),
      ["root", "root", "ubuntu"],
    ],
    [
      "placeholder-names: a line a node",
      () => refusal("placeholder-names", { a: ["<HOST>"], b: ["<HOST>"] }).length,
      2,
    ],
    [
      "role-missing: by its name",
      () => refusal("role-missing"),
      ["nodes host-3.role: is missing (controlplane, etcd, worker), RKE refuses it as well: nothing"],
    ],
  ];
  for (const [what, is, expected] of right) {
    it(what, () => assert.deepEqual(is(), expected));
  }

  it("ssh-agent-auth: the operator's agent is asked, and RKE on the deploy hosts isn't", () => {
    const { ssh, rke } = parseTopology(parse(text("ssh-agent-auth")));
    assert.deepEqual([ssh.agent, rke.ssh_agent_auth], [true, undefined]);
    assert.doesNotMatch(text("ssh-agent-auth"), /keyPath/);
  });

  const notes: [string, RegExp][] = [
    ["duplicate-key", /private_registries: stands 2 times \(lines 15, 16\)/],
    ["user-missing", /user: cluster\.yml gives none for host-1, host-2, host-3, which RKE refuses; root is a guess/],
    ["user-not-root", /ssh\.user: rke; .* by sudo .*`rke ALL=\(ALL\) NOPASSWD: ALL`.* docker's group/],
    ["user-per-node", /user: root on host-1, host-2; ubuntu on host-3/],
    ["ssh-agent-auth", /ssh_agent_auth: left out/],
    ["bastion", /bastion_host: ssh_key_path left out; the bastion must accept the same key/],
    ["address-dns", /host-1, host-2, host-3: .* an act needs internal_address/],
    ["worker-only-site", /deploy host of b: host-2, its first host, since it has no control plane host/],
    ["worker-only-site", /the loss of a can't be recovered from: b has no voter, no learner, no control plane host/],
    ["worker-only-site", /standby: a, the only datacenter with a control plane host/],
  ];
  for (const [name, pattern] of notes) {
    it(`${name}: says so (${pattern.source.slice(0, 50)})`, () => assert.match(text(name), pattern));
  }

  const refused: [string, Record<string, string[]>, RegExp][] = [
    ["secrets-encryption", sides, /custom_config.*secret: is a secret, .*--secrets-into STACK/],
    ["single-node", { a: ["host-1"] }, /^--datacenter: needs two datacenters or more, and the cluster has one host/],
  ];
  for (const [name, datacenters, pattern] of refused) {
    it(`${name}: is refused in a line`, () => {
      const problems = refusal(name, datacenters);
      assert.equal(problems.length, 1, problems.join("\n"));
      assert.match(problems[0] ?? "", pattern);
    });
  }

  it("aliases-many: 120 nodes that share a mapping are read", () => {
    const lines = cluster("aliases-many").match(/198\.51\.100\.\d+/g) ?? [];
    const read = parseTopology(
      parse(text("aliases-many", { a: ["host-1", "host-2"], b: ["host-3", ...lines] })),
    ).datacenters.flatMap((dc) => dc.hosts);
    assert.equal(read.length, lines.length + 3);
  });
});
