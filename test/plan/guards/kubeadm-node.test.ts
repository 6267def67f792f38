import assert from "node:assert/strict";
import { parseFacts } from "../../../plan/facts/facts";
import type { CertificateFacts, NodeFacts } from "../../../plan/facts/preflight";
import { expiringSoon } from "../../../plan/guards/kubeadm-node";
import { kubeadmPreflight } from "../../../plan/guards/kubeadm-preflight";
import { staticPod } from "../../../plan/runtimes/static-pod/static-pod";
import { allHosts, type Host } from "../../../plan/topology/topology";
import { printedFacts } from "../../printed-facts";
import { kubeadmTopology, node, preflightOf, sandboxImage, untouchedCluster } from "../worlds/kubeadm-world";
import { now } from "../worlds/observations";

const topology = kubeadmTopology();
const hosts = allHosts(topology);

/** cp2 as it is, but for some facts of its preflight. */
const seenWith = (change: (host: Host) => Parameters<typeof preflightOf>[2]) =>
  untouchedCluster(topology, (host) =>
    host.name === "cp2" ? { preflight: preflightOf(topology, host, change(host)) } : {},
  );
const stops = (change: (host: Host) => Parameters<typeof preflightOf>[2]): string[] =>
  kubeadmPreflight(topology, hosts, seenWith(change)).flatMap((v) => v.problems.map((p) => `${v.guard}: ${p}`));
const withNode = (change: Partial<NodeFacts>) => () => ({ node: { ...node, ...change } });
const withCertificate = (file: string, change: Partial<CertificateFacts> | null) => (host: Host) => ({
  certificates: preflightOf(topology, host).certificates.flatMap((c) =>
    c.file !== `/etc/kubernetes/pki/${file}` ? [c] : change === null ? [] : [{ ...c, ...change }],
  ),
});

describe("the preflight of kubeadm's hosts", () => {
  it("finds nothing wrong with hosts as kubeadm leaves them", () =>
    assert.deepEqual(
      stops(() => ({})),
      [],
    ));

  const refused: [what: string, change: (host: Host) => Parameters<typeof preflightOf>[2], problem: RegExp][] = [
    [
      "a sandbox image that the kubelet has deleted",
      (host) => ({ images: preflightOf(topology, host).images.filter((image) => image !== sandboxImage) }),
      /^images of static pods: cp2: image registry\.k8s\.io\/pause:3\.10\.2 \(each pod's sandbox\) must be on the host: missing\n`crictl pull /,
    ],
    [
      "etcd's image that is gone",
      (host) => ({ images: preflightOf(topology, host).images.filter((image) => !image.includes("/etcd:")) }),
      /^images of static pods: cp2: image registry\.k8s\.io\/etcd:3\.6\.16-0 \(etcd\) must be/,
    ],
    [
      "a disk so full that images are deleted",
      withNode({ imageUsed: 85 }),
      /^room for images: cp2: .* less than 85 % full, .*: 85 %/,
    ],
    [
      "a kubelet in its back-off",
      withNode({ kubelet: "auto-restart", kubeletWords: 'E1129 "command failed" err="failed to load"' }),
      /^kubelet and containerd: cp2: the kubelet must run: its unit is auto-restart: E1129 "command failed".*\n`systemctl restart kubelet` on cp2, then run this again/,
    ],
    [
      "drivers of cgroups that differ",
      withNode({ runtimeCgroups: "cgroupfs" }),
      /^kubelet and containerd: cp2: .* the same driver of cgroups: systemd and cgroupfs\nSet SystemdCgroup = true/,
    ],
    [
      "a leaf that was copied from another host",
      withCertificate("etcd/peer.crt", {
        dnsNames: ["cp3", "localhost"],
        ipAddresses: ["192.168.31.113", "127.0.0.1"],
      }),
      /^certificates of kubeadm: cp2: \/etc\/kubernetes\/pki\/etcd\/peer\.crt must name the host's own address 192\.168\.31\.112: it names cp3, .*; it is another host's\n.*`kubeadm init phase certs etcd-peer --config FILE`/,
    ],
    [
      "an expired leaf",
      withCertificate("apiserver.crt", { notAfter: now - 1 }),
      /^certificates of kubeadm: cp2: .*\/apiserver\.crt must be valid: has expired on .*\n`kubeadm certs renew apiserver` there/,
    ],
    [
      "a leaf of another CA",
      withCertificate("apiserver-etcd-client.crt", { signed: false }),
      /must be signed by the CA beside it/,
    ],
    [
      "a copy of a manifest in the kubelet's folder",
      withNode({ secondManifests: ["/etc/kubernetes/manifests/etcd.yaml.bak"] }),
      /^manifests of static pods: cp2: .* must have one manifest: \/etc\/kubernetes\/manifests\/etcd\.yaml\.bak is another one.*\n`mv \/etc\/kubernetes\/manifests\/etcd\.yaml\.bak \/root\/` there/,
    ],
    ["a leaf that is missing", withCertificate("etcd/server.crt", null), /etcd\/server\.crt must be there: missing/],
  ];
  for (const [what, change, wanted] of refused) {
    it(`refuses ${what}`, () => {
      const problems = stops(change);
      assert.equal(problems.length, 1, problems.join("\n\n"));
      assert.match(problems[0] ?? "", wanted);
    });
  }

  it("lets a kubelet rest that an act holds, and a disk whose kubelet deletes nothing", () => {
    assert.deepEqual(stops(withNode({ kubelet: "dead", kubeletHeld: true })), []);
    assert.deepEqual(stops(withNode({ imageUsed: 99, imageThreshold: 100 })), []);
  });

  it("names a certificate that expires within a month", () =>
    assert.deepEqual(
      expiringSoon(topology, hosts, seenWith(withCertificate("apiserver.crt", { notAfter: now + 20.5 * 86_400_000 }))),
      ["cp2: /etc/kubernetes/pki/apiserver.crt expires in 20 days; `kubeadm certs renew all` there renews all"],
    ));

  it("reads how a host is set up, and nothing of a host whose kubelet is a container", () => {
    const facts = (section: string) =>
      parseFacts(
        "cp2",
        printedFacts({ node: section, end: "now=0" }),
        0,
        () => ({ certificates: [], unreadableCertificates: [] }),
        staticPod,
      ).preflight.node;
    assert.equal(facts(""), undefined);
    assert.deepEqual(
      facts(
        "sandboxImage=registry.k8s.io/pause:3.10.2\nruntimeCgroups=systemd\nkubeletCgroups=systemd\nimageThreshold=85\nimageUsed=61\nkubelet=running",
      ),
      node,
    );
  });
});
