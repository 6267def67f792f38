import { warnings } from "../declaration/declaration";
import { setAside } from "../preview/describe";
import { differences } from "../runtimes/process";
import type { ScheduledStep } from "../steps/steps";
import type { Host, Topology } from "../topology/topology";
import type { Analysis } from "./analysis";
import { mermaid, quorumWords, svg } from "./diagram";
import type { Loss } from "./loss";
import { policyWords } from "./policy";
import {
  type Act,
  failoverPlan,
  hostsOf,
  primarySteps,
  type RenderedCertificate,
  type RenderedProcess,
  type Rendering,
  render,
} from "./rendering";

/** The files of `rendered/`, by path: what a reviewer reads, the same for the same topology. */
export function pages(topology: Topology): Record<string, string> {
  const primary = render(topology, { stack: "primary" });
  return {
    "README.md": overview(
      topology,
      primary.analysis,
      "[cluster.yml](primary/cluster.yml), [certificates](primary/certificates.md), [hosts](primary/hosts), [steps](primary/steps.md)",
    ),
    "topology.svg": svg(topology),
    ...inFolder("primary", {
      ...stackPages(topology, { stack: "primary" }, primary),
      "steps.md": `# What \`pulumi up --stack primary\` does\n\n${stepTable(primarySteps(topology))}\n`,
    }),
    ...Object.assign({}, ...topology.datacenters.map((dc) => failoverPages(topology, dc.name, primary))),
  };
}

export const inFolder = (folder: string, files: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(files).map(([name, text]) => [`${folder}/${name}`, text]));

/** How the page of a loss begins, up to what a failover would change. */
export function lossHead(topology: Topology, lost: string, analysis: Analysis): string[] {
  const loss = analysis.datacenters[lost];
  return [
    `# Datacenter ${lost} is lost`,
    "",
    `${quorumWords(topology, lost)}.`,
    "",
    fenced("mermaid", mermaid(topology, lost)),
    "",
    ...(loss ? lossInWords(loss) : []),
    "",
  ];
}

function failoverPages(topology: Topology, lost: string, primary: Rendering): Record<string, string> {
  const act: Act = { stack: "failover", lost };
  const rendering = render(topology, act);
  const head = lossHead(topology, lost, rendering.analysis);
  if (rendering.refused.length > 0) {
    return inFolder(`failover-${lost}`, {
      "README.md": [
        ...head,
        "## What a failover would change",
        "",
        "Nothing, `pulumi up --stack failover` refuses:",
        "",
        ...rendering.refused.map((r) => `- ${r}`),
        "",
      ].join("\n"),
    });
  }
  const plan = failoverPlan(topology, lost);
  return inFolder(`failover-${lost}`, {
    "README.md": [
      ...head,
      "## What a failover changes",
      "",
      ...hostsOf(topology, act).flatMap((h) => changesOn(h, primary, rendering)),
      "",
      `cluster.yml, certificates and containers as they are afterwards: [cluster.yml](cluster.yml), [certificates](certificates.md), [hosts](hosts). Set aside, nothing is deleted (epochs as in a first failover):`,
      "",
      ...setAside(plan).map((l) => `- ${l.trim()}`),
      "",
      "## Steps",
      "",
      stepTable(plan.steps),
      "",
    ].join("\n"),
    ...stackPages(topology, act, rendering),
  });
}

function stackPages(topology: Topology, act: Act, rendering: Rendering): Record<string, string> {
  return {
    "cluster.yml": rendering.clusterYml,
    "certificates.md": certificatePage(rendering.certificates),
    ...Object.fromEntries(hostsOf(topology, act).map((h) => [`hosts/${h.name}.txt`, hostPage(h, rendering)])),
  };
}

/** @param inPeace what there is to read of the cluster in peace, with links */
export function overview(topology: Topology, analysis: Analysis, inPeace: string): string {
  const notes = warnings(topology);
  const datacenters = Object.entries(analysis.datacenters);
  return [
    `# Cluster ${topology.cluster}: what would run, in peace and after a loss`,
    "",
    "Written by `npm run render` from the topology in Pulumi.yaml; change that, not this.",
    "[How to review a change](../docs/review.md)",
    "",
    "![datacenters, roles and voters, in peace and after each loss](topology.svg)",
    "",
    fenced("mermaid", mermaid(topology)),
    "",
    `- in peace: ${inPeace}`,
    ...topology.datacenters.map((dc) => `- without ${dc.name}: [failover-${dc.name}](failover-${dc.name}/README.md)`),
    ...(notes.length > 0 ? ["", "Deserves a second look:", "", ...notes.map((n) => `- ${n}`)] : []),
    "",
    "## Policy",
    "",
    ...policyWords(topology).lines.map((line) => `- ${line}`),
    "",
    "## Quorum",
    "",
    `${analysis.voters.length} voters: ${analysis.voters.join(", ")}. A majority is ${analysis.majority}; ${analysis.tolerates} can fail, whichever.`,
    "",
    "| lost | voters left | quorum | API | recovery starts from | may be lost |",
    "| --- | --- | --- | --- | --- | --- |",
    ...datacenters.map(([name, loss]) => lossRow(`datacenter ${name}`, loss)),
    ...Object.entries(analysis.hosts).map(([name, loss]) => lossRow(name, loss)),
    "",
    ...datacenters.flatMap(([name, loss]) => [`### Datacenter ${name}`, "", ...lossInWords(loss), ""]),
    "### Single hosts",
    "",
    ...Object.entries(analysis.hosts).flatMap(([name, loss]) =>
      [...loss.prevention.map((p) => `would be prevented by ${p}`), ...loss.cannotYet, ...loss.notes].map(
        (words) => `- ${name}: ${words}`,
      ),
    ),
    "",
  ].join("\n");
}

const lossRow = (what: string, loss: Loss): string =>
  `| ${[what, loss.votersLeft.join(", ") || "none", loss.quorum === "lost" ? "**lost**" : "kept", loss.api === "lost" ? "**lost**" : "kept", loss.startsFrom, loss.mayBeLost].join(" | ")} |`;

function lossInWords(loss: Loss): string[] {
  return [
    `- Recovery starts from: ${loss.startsFrom}`,
    `- May be lost: ${loss.mayBeLost}`,
    ...loss.prevention.map((p) => `- Would prevent it: ${p}`),
    ...loss.cannotYet.map((c) => `- This program can't yet: ${c}`),
    ...loss.notes.map((n) => `- Note: ${n}`),
  ];
}

export const fenced = (language: string, text: string): string => ["```", language, "\n", text, "\n```"].join("");

function stepTable(steps: ScheduledStep[]): string {
  return [
    "| step | on | waits for | limit | what it does |",
    "| --- | --- | --- | --- | --- |",
    ...steps.map(
      (s) =>
        `| ${s.name} | ${s.host.name} | ${s.after.join(", ")} | ${s.limit} s | ${s.words.replaceAll("|", "\\|")} |`,
    ),
  ].join("\n");
}

/** One host's processes, one argument a line, so that a diff shows the argument. */
function hostPage(host: Host, rendering: Rendering): string {
  const own = Object.entries(rendering.processes).filter(([key]) => key.startsWith(`${host.name}/`));
  const passing = Object.entries(rendering.transient).filter(([key]) => key.startsWith(`${host.name}/`));
  return [
    `${host.name}, datacenter ${host.datacenter}`,
    `address ${host.address}${host.internalAddress === host.address ? "" : `, internal ${host.internalAddress}`}`,
    `roles ${host.roles.join(", ")}`,
    ...Object.entries(host.labels).map(([key, value]) => `label ${key}=${value}`),
    ...host.taints.map((t) => `taint ${t.key}=${t.value}:${t.effect}`),
    "",
    ...(own.length === 0
      ? ["neither etcd nor kube-apiserver; kubelet, kube-proxy and nginx-proxy are RKE's alone", ""]
      : []),
    ...passing.flatMap(([, process]) => processLines("for a while only", process)),
    ...own.flatMap(([, process]) => processLines("stays", process)),
  ].join("\n");
}

function processLines(duration: string, process: RenderedProcess): string[] {
  const block = (title: string, lines: string[]) => (lines.length > 0 ? [title, ...lines.map((l) => `  ${l}`)] : []);
  return [
    `== ${process.name} (${duration})`,
    `image ${process.image}`,
    `network ${process.networkMode}, restart ${process.restartPolicy}`,
    ...block("entrypoint", process.command ?? []),
    ...block("command", process.args ?? []),
    ...(process.user === undefined ? [] : [`user ${process.user}`]),
    ...block("environment", process.env ?? []),
    ...block("binds", process.binds),
    ...block("volumesFrom", process.volumesFrom ?? []),
    ...block(
      "labels",
      Object.entries(process.labels).map(([key, value]) => `${key}=${value}`),
    ),
    "",
  ];
}

function changesOn(host: Host, primary: Rendering, after: Rendering): string[] {
  const words = (p: RenderedProcess | undefined) => [...(p?.command ?? []), ...(p?.args ?? []), ...(p?.env ?? [])];
  const keys = Object.keys(after.processes).filter((key) => key.startsWith(`${host.name}/`));
  const changed = keys.flatMap((key) => {
    const lines = differences(words(primary.processes[key]), words(after.processes[key]));
    const flags = differences(words(after.processes[key]), words(after.transient[key]));
    const passing = after.transient[key] ? ["first, for a while only:", ...flags, "then, to stay:"] : [];
    return lines.length + passing.length > 0 ? [key, ...passing, ...lines, ""] : [];
  });
  return changed.length > 0 ? [fenced("diff", changed.join("\n").trimEnd()), ""] : [`- ${host.name}: nothing`];
}

/** RKE compares the names of a certificate one by one, so they stand in its order; most certificates share a list. */
function certificatePage(certificates: Record<string, RenderedCertificate>): string {
  const lists = new Map<string, { names: string[]; of: string[] }>();
  for (const [name, c] of Object.entries(certificates)) {
    const names = [...c.dnsNames.map((n) => `DNS ${n}`), ...c.ipAddresses.map((ip) => `IP ${ip}`)];
    const list = lists.get(names.join()) ?? { names, of: [] };
    list.of.push(name);
    lists.set(names.join(), list);
  }
  return [
    "# Certificates",
    "",
    "RSA 2048, ten years; in /etc/kubernetes/ssl on the hosts, `NAME.pem` and `NAME-key.pem`.",
    "",
    "| name | common name | organization | issuer | for |",
    "| --- | --- | --- | --- | --- |",
    ...Object.entries(certificates).map(
      ([name, c]) =>
        `| ${[name, c.commonName, c.organization?.join(", ") ?? "", c.isCA ? "itself" : c.issuer, c.isCA ? "signing" : c.extKeyUsage.join(", ")].join(" | ")} |`,
    ),
    "",
    "## Names in them",
    "",
    "In RKE's order: it compares them one by one and issues anew what differs.",
    ...[...lists.values()]
      .filter((list) => list.names.length > 0)
      .flatMap((list) => ["", `${list.of.join(", ")}:`, "", ...list.names.map((n) => `- ${n}`)]),
    "",
  ].join("\n");
}
