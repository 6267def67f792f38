import type { Reachable } from "../facts/facts";
import { factsOf, type Observation } from "../facts/observation";
import type { CertificateFacts, NodeFacts } from "../facts/preflight";
import { certificates } from "../installers/kubeadm/certificates";
import { clusterOf, kubeadmHost } from "../installers/kubeadm/site";
import { controlPlane } from "../topology/order";
import type { Host, Topology } from "../topology/topology";
import { plainIp } from "../values/addresses";
import { problem } from "./verdict";

const day = 86_400_000;
/** Days before its end from which on a certificate is named in preview. */
const soon = 30;

/**
 * Images without which a host's static pods don't start again. The kubelet deletes images that no pod uses once the disk is full enough, the
 * sandbox's too, if all pods of a host were away for a while: containerd 1.6 pins none.
 */
export const podImageProblems = (hosts: Host[], seen: Observation): string[] =>
  nodes(hosts, seen).flatMap(({ host, facts, node }) => {
    // an empty list: the runtime didn't answer, which guard `rights` reports
    if (facts.preflight.images.length === 0) {
      return [];
    }
    const pods = Object.values(facts.processes).flatMap(({ name, process }) =>
      process.image === "" ? [] : [{ image: process.image, by: name }],
    );
    const sandbox = node.sandboxImage === "" ? [] : [{ image: node.sandboxImage, by: "each pod's sandbox" }];
    return [...sandbox, ...pods]
      .filter(({ image }) => !facts.preflight.images.includes(image))
      .map(({ image, by }) =>
        problem(
          `${host.name}: image ${image} (${by}) must be on the host: missing`,
          `\`crictl pull ${image}\` there`,
          `Without a registry: \`ctr -n k8s.io images export image.tar ${image}\` on a host that has it, \`ctr -n k8s.io images import image.tar\` there`,
        ),
      );
  });

/** Disks so full that the kubelet deletes unused images. */
export const imageDiskProblems = (hosts: Host[], seen: Observation): string[] =>
  nodes(hosts, seen).flatMap(({ host, node: { imageUsed, imageThreshold } }) =>
    imageUsed === undefined || imageThreshold >= 100 || imageUsed < imageThreshold
      ? []
      : [
          problem(
            `${host.name}: the disk of /var/lib/containerd must be less than ${imageThreshold} % full, else the kubelet deletes images that no pod uses: ${imageUsed} %`,
            "Make room: `du -x / | sort -n | tail -n 30` there shows what is large",
            "Or raise imageGCHighThresholdPercent in /var/lib/kubelet/config.yaml, then `systemctl restart kubelet`",
          ),
        ],
  );

/**
 * Kubelets that don't run, or would start no pod. One that an act holds is no problem, since the act starts it again; nor is one that systemd starts in
 * a moment.
 */
export const kubeletProblems = (hosts: Host[], seen: Observation): string[] =>
  nodes(hosts, seen).flatMap(({ host, node }) => [
    ...(node.kubelet === "running" || node.kubeletHeld
      ? []
      : [
          problem(
            `${host.name}: the kubelet must run: its unit is ${node.kubelet || "missing"}${node.kubeletWords === "" ? "" : `: ${node.kubeletWords}`}`,
            `\`systemctl restart kubelet\` on ${host.name}, then run this again; if it ends once more, \`journalctl -u kubelet -n 50\` there says why`,
          ),
        ]),
    ...(node.kubeletCgroups === node.runtimeCgroups
      ? []
      : [
          problem(
            `${host.name}: kubelet and containerd must have the same driver of cgroups: ${node.kubeletCgroups} and ${node.runtimeCgroups}`,
            `Set SystemdCgroup = ${node.kubeletCgroups === "systemd"} below runc.options in /etc/containerd/config.toml there, then \`systemctl restart containerd kubelet\``,
            "Or set cgroupDriver in /var/lib/kubelet/config.yaml, then `systemctl restart kubelet`",
          ),
        ]),
  ]);

/**
 * Copies that somebody has left in the kubelet's folder. The kubelet takes each file for a manifest whose name doesn't begin with a dot, and may start
 * the copy's pod in the place of what an act has written.
 */
export const manifestProblems = (hosts: Host[], seen: Observation): string[] =>
  nodes(hosts, seen).flatMap(({ host, node }) =>
    node.secondManifests.map((path) =>
      problem(
        `${host.name}: each pod of etcd and the control plane must have one manifest: ${path} is another one, which the kubelet takes for a manifest whatever its name`,
        `\`mv ${path} /root/\` there, or to any other folder that the kubelet doesn't read`,
        "Compare it first with the file that is named as the pod: if the pod runs by the copy, it begins anew by that file",
      ),
    ),
  );

/** Certificates of a control plane host that are another host's, have expired, or are missing. */
export const kubeadmCertificateProblems = (topology: Topology, hosts: Host[], seen: Observation): string[] =>
  leaves(topology, hosts, seen).flatMap(({ host, facts, name, path, found, ownAddress }) => {
    if (found === undefined) {
      return [problem(`${host.name}: ${path} must be there: missing`, ...anew(name))];
    }
    const now = seen.at + facts.clockSkew;
    return [
      ...(ownAddress === undefined || found.ipAddresses.map(plainIp).includes(ownAddress)
        ? []
        : [
            problem(
              `${host.name}: ${path} must name the host's own address ${ownAddress}: it names ${[...found.dnsNames, ...found.ipAddresses].join(", ")}; it is another host's`,
              ...anew(name),
            ),
          ]),
      ...(found.signed === false
        ? [
            problem(
              `${host.name}: ${path} must be signed by the CA beside it: is signed by another of that name`,
              ...anew(name),
            ),
          ]
        : []),
      ...(now > found.notAfter
        ? [
            problem(
              `${host.name}: ${path} must be valid: has expired on ${isoMinute(found.notAfter)}, by the host's clock it is ${isoMinute(now)}`,
              `\`kubeadm certs renew ${name}\` there; without an API it says so and goes on by itself`,
              'Then let the pods read it: docs/runbook.md, "Certificates of kubeadm"',
            ),
          ]
        : []),
    ];
  });

/** A sentence for each certificate that expires soon. */
export const expiringSoon = (topology: Topology, hosts: Host[], seen: Observation): string[] =>
  leaves(topology, hosts, seen).flatMap(({ host, facts, path, found }) => {
    const left = found === undefined ? Number.NaN : (found.notAfter - seen.at - facts.clockSkew) / day;
    return left > 0 && left < soon
      ? [`${host.name}: ${path} expires in ${Math.floor(left)} days; \`kubeadm certs renew all\` there renews all`]
      : [];
  });

const anew = (name: string): string[] => [
  `Set it and its key aside, then \`kubeadm init phase certs ${name} --config FILE\` there: docs/runbook.md, "Certificates of kubeadm"`,
];

function nodes(hosts: Host[], seen: Observation): { host: Host; facts: Reachable; node: NodeFacts }[] {
  return hosts.flatMap((host) => {
    const facts = factsOf(seen, host);
    const node = facts?.preflight.node;
    return facts && node ? [{ host, facts, node }] : [];
  });
}

interface Leaf {
  host: Host;
  facts: Reachable;
  /** As `kubeadm init phase certs` and `kubeadm certs renew` name it. */
  name: string;
  path: string;
  found: CertificateFacts | undefined;
  /** The host's address, if the certificate must name it. */
  ownAddress: string | undefined;
}

/** Certificates that a host has for itself; CAs live ten times as long, and are the same on all hosts. */
function leaves(topology: Topology, hosts: Host[], seen: Observation): Leaf[] {
  if (topology.kubeadm === undefined) {
    return [];
  }
  const cluster = clusterOf(topology);
  return controlPlane(hosts).flatMap((host) => {
    const facts = factsOf(seen, host);
    return facts
      ? certificates(cluster, kubeadmHost(host))
          .filter((c) => !c.isCA)
          .map(({ name, path, ipAddresses }) => ({
            host,
            facts,
            name,
            path,
            found: facts.preflight.certificates.find((c) => c.file === path),
            ownAddress: ipAddresses.length > 0 ? plainIp(host.internalAddress) : undefined,
          }))
      : [];
  });
}

const isoMinute = (milliseconds: number): string => new Date(milliseconds).toISOString().slice(0, 16).replace("T", " ");
