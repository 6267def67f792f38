import { actProblems } from "../declaration/installers";
import type { Certificate } from "../installers/kubeadm/certificates";
import { differences } from "../runtimes/process";
import type { Topology } from "../topology/topology";
import { svg } from "./diagram";
import { fenced, inFolder, lossHead, overview } from "./pages";
import type { Act } from "./rendering";
import { type KubeadmRendering, renderKubeadm } from "./rendering-kubeadm";

/** The files of `rendered/` for a kubeadm cluster, by path: the static pods of each host in peace and after each loss. */
export function kubeadmPages(topology: Topology): Record<string, string> {
  const primary = renderKubeadm(topology, { stack: "primary" });
  return {
    "README.md": overview(
      topology,
      primary.analysis,
      "manifests as kubeadm writes them: [manifests](primary/manifests), [certificates](primary/certificates.md)",
    ),
    "topology.svg": svg(topology),
    ...inFolder("primary", {
      ...manifestFiles(primary),
      "certificates.md": certificatePage(primary),
    }),
    ...Object.assign({}, ...topology.datacenters.map((dc) => failoverPages(topology, dc.name, primary))),
  };
}

const manifestFiles = ({ manifests }: KubeadmRendering): Record<string, string> =>
  Object.fromEntries(
    Object.entries(manifests).flatMap(([host, files]) =>
      Object.entries(files).map(([file, text]) => [`manifests/${host}/${file}`, text]),
    ),
  );

function failoverPages(topology: Topology, lost: string, primary: KubeadmRendering): Record<string, string> {
  const act: Act = { stack: "failover", lost };
  const rendering = renderKubeadm(topology, act);
  const changes =
    rendering.refused.length > 0
      ? ["Nothing, a failover would refuse:", "", ...rendering.refused.map((words) => `- ${words}`)]
      : Object.keys(rendering.manifests).flatMap((host) => changesOn(host, primary, rendering));
  return inFolder(`failover-${lost}`, {
    "README.md": [
      ...lossHead(topology, lost, rendering.analysis),
      "## What a failover would change",
      "",
      ...changes,
      "",
      `Manifests as they are afterwards: [manifests](manifests). Certificates stay as they are: each survivor has its own.`,
      "",
      ...actProblems(topology).map((words) => `Today: ${words}.`),
      "",
    ].join("\n"),
    ...manifestFiles(rendering),
  });
}

function changesOn(host: string, primary: KubeadmRendering, after: KubeadmRendering): string[] {
  const before = primary.manifests[host] ?? {};
  const files = Object.entries(after.manifests[host] ?? {});
  const changed = files.filter(([file, text]) => before[file] !== text);
  const kept = files.filter(([file, text]) => before[file] === text).map(([file]) => file);
  return [
    ...changed.flatMap(([file, text]) => [
      fenced(
        "diff",
        [`${host}/${file}`, ...differences((before[file] ?? "").split("\n"), text.split("\n"))].join("\n"),
      ),
      "",
    ]),
    ...(kept.length > 0 ? [`- ${host}: ${kept.join(", ")} as before`] : []),
  ];
}

function certificatePage({ certificates }: KubeadmRendering): string {
  return [
    "# Certificates",
    "",
    "CAs and the service account's key are the same on all control plane hosts; every other certificate carries its own host's name and address and is good there alone.",
    ...Object.entries(certificates).flatMap(([host, own]) => [
      "",
      `## ${host}`,
      "",
      "| name | common name | organization | issuer | for | valid | names |",
      "| --- | --- | --- | --- | --- | --- | --- |",
      ...Object.values(own).map((c) => `| ${row(c).join(" | ")} |`),
    ]),
    "",
  ].join("\n");
}

const row = (c: Certificate): string[] => [
  c.name,
  c.commonName,
  c.organization.join(", "),
  c.isCA ? "itself" : c.issuer,
  c.isCA ? "signing" : c.extKeyUsage.join(", "),
  c.validity,
  c.isCA ? "" : [...c.dnsNames, ...c.ipAddresses].join(", "),
];
