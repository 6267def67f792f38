import { majorityOf } from "../etcd/quorum";
import { learner, voters } from "../topology/order";
import { allHosts, type Datacenter, type Host, type Topology } from "../topology/topology";

/** The topology in peace, or when a datacenter is lost, as a Mermaid flowchart. */
export function mermaid(topology: Topology, lost?: string): string {
  return [
    "flowchart LR",
    ...topology.datacenters.flatMap((dc) => [
      `  subgraph ${id("dc", dc.name)}["${caption(topology, dc, lost)}"]`,
      ...dc.hosts.map((h) => `    ${id("host", h.name)}["${card(h, dc, lost).join("<br/>")}"]:::${looks(h, lost)}`),
      "  end",
    ]),
    ...topology.datacenters
      .slice(1)
      .map((dc, i) => link(id("dc", topology.datacenters[i]?.name ?? ""), id("dc", dc.name), lost)),
    "  classDef voter fill:#dbeafe,stroke:#1d4ed8,stroke-width:3px,color:#111",
    "  classDef learner fill:#ecfdf5,stroke:#047857,stroke-width:3px,stroke-dasharray:2 2,color:#111",
    "  classDef host fill:#f3f4f6,stroke:#6b7280,color:#111",
    "  classDef lost fill:#ffffff,stroke:#b91c1c,stroke-dasharray:5 4,color:#6b7280",
  ].join("\n");
}

const id = (kind: string, name: string): string => `${kind}_${name.replace(/[-.]/g, "_")}`;

function link(from: string, to: string, lost: string | undefined): string {
  return lost === undefined ? `  ${from} --- ${to}` : `  ${from} -.- ${to}`;
}

type Looks = "voter" | "learner" | "host" | "lost";

function looks(host: Host, lost: string | undefined): Looks {
  if (host.datacenter === lost) {
    return "lost";
  }
  return host.etcd === "none" ? "host" : host.etcd;
}

function caption(topology: Topology, dc: Datacenter, lost: string | undefined): string {
  const marks = [
    ...(dc.name === topology.standby ? ["standby"] : []),
    ...(dc.witness ? ["witness"] : []),
    ...(dc.name === lost ? ["LOST"] : []),
    `${voters(dc.hosts).length} of ${voters(allHosts(topology)).length} voters`,
  ];
  return `datacenter ${dc.name} (${marks.join(", ")})`;
}

/** The lines of a host's card. */
function card(host: Host, dc: Datacenter, lost: string | undefined): string[] {
  const plain = host.roles.filter((role) => role !== "etcd").map((r) => (r === "controlplane" ? "control plane" : r));
  return [
    host.name,
    host.address,
    ...(plain.length > 0 ? [plain.join(", ")] : []),
    ...(host.etcd === "none" ? [] : [host.datacenter === lost ? `etcd ${host.etcd}, lost` : `etcd ${host.etcd}`]),
    ...(dc.deployHost === host.name ? ["deploy host"] : []),
  ];
}

/** One line under a picture: how many voters are left and what that means. */
export function quorumWords(topology: Topology, lost?: string): string {
  const all = voters(allHosts(topology));
  const left = all.filter((h) => h.datacenter !== lost);
  const majority = majorityOf(all.length);
  const count = `${left.length} of ${all.length} voters, a majority is ${majority}`;
  const follower = learner(allHosts(topology).filter((h) => h.datacenter !== lost));
  if (lost === undefined) {
    return `In peace: ${count}${follower ? `; ${follower.name} follows without a vote` : ""}`;
  }
  const kept = left.length >= majority;
  const source = !kept && left.length === 0 && follower ? `; the learner ${follower.name} has the data` : "";
  return `Without ${lost}: ${count}: ${kept ? "quorum is kept" : "quorum is lost"}${source}`;
}

const cardWidth = 190;
const line = 17;
const gap = 14;

/** The same as one SVG: a row for peace, a row for each datacenter that may be lost. */
export function svg(topology: Topology): string {
  const rows = [undefined, ...topology.datacenters.map((dc) => dc.name)];
  const cardHeight = 5 * line + 14;
  const columns = topology.datacenters.map((dc) => Math.min(3, Math.max(1, dc.hosts.length)));
  const tallest = Math.max(...topology.datacenters.map((dc, i) => Math.ceil(dc.hosts.length / (columns[i] ?? 1))));
  const boxHeight = 34 + tallest * (cardHeight + gap);
  const rowHeight = boxHeight + 48;
  const boxWidths = columns.map((n) => Math.max(n * (cardWidth + gap) + gap, 300));
  const width = boxWidths.reduce((sum, w) => sum + w + 20, 20);
  const height = rows.length * rowHeight + 12;
  const parts = rows.flatMap((lost, row) => {
    const top = row * rowHeight + 12;
    let left = 20;
    return [
      text(20, top + 20, quorumWords(topology, lost), "row"),
      ...topology.datacenters.flatMap((dc, i) => {
        const x = left;
        const boxWidth = boxWidths[i] ?? 0;
        left += boxWidth + 20;
        return [
          rect(x, top + 32, boxWidth, boxHeight, dc.name === lost ? "dc gone" : "dc"),
          text(x + gap, top + 54, caption(topology, dc, lost), "dcname", boxWidth - 2 * gap),
          ...dc.hosts.flatMap((h, j) => {
            const column = j % (columns[i] ?? 1);
            const cx = x + gap + column * (cardWidth + gap);
            const cy = top + 66 + Math.floor(j / (columns[i] ?? 1)) * (cardHeight + gap);
            const kind = looks(h, lost);
            return [
              rect(cx, cy, cardWidth, cardHeight, kind),
              ...card(h, dc, lost).map((words, k) =>
                text(cx + 10, cy + 20 + k * line, words, textClass(words, k, kind), cardWidth - 20),
              ),
            ];
          }),
        ];
      }),
    ];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escaped(`Cluster ${topology.cluster}: datacenters, roles and voters, in peace and after each loss`)}</title>`,
    "<style>",
    `text{font:${fontSize}px sans-serif;fill:#111} .row{font-weight:bold;font-size:15px} .dcname{font-weight:bold} .name{font-weight:bold}`,
    ".mark{font-weight:bold;fill:#1d4ed8} .pale{fill:#6b7280} rect{rx:6px} .dc{fill:#fafafa;stroke:#9ca3af} .gone{fill:#fef2f2;stroke:#b91c1c;stroke-dasharray:6 4}",
    ".voter{fill:#dbeafe;stroke:#1d4ed8;stroke-width:2.5px} .learner{fill:#ecfdf5;stroke:#047857;stroke-width:2.5px;stroke-dasharray:2 2} .host{fill:#f3f4f6;stroke:#6b7280} .lost{fill:#fff;stroke:#b91c1c;stroke-dasharray:5 4}",
    "</style>",
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...parts,
    "</svg>",
    "",
  ].join("\n");
}

function textClass(words: string, index: number, kind: Looks): string {
  if (kind === "lost") {
    return "pale";
  }
  if (words.startsWith("etcd")) {
    return "mark";
  }
  return index === 0 ? "name" : "plain";
}

const fontSize = 13;
const smallest = 8;
/** Width of a bold letter as a part of the font's size, a little more than in most fonts. */
const letterWidth = 0.62;

/** Words that are too long for their room get smaller, and are cut if that isn't enough: names may have 63 letters. */
function text(x: number, y: number, words: string, kind: string, room = Number.POSITIVE_INFINITY): string {
  const size = Math.max(smallest, Math.min(fontSize, room / (words.length * letterWidth)));
  const letters = Math.floor(room / (size * letterWidth));
  const shown = words.length > letters + 1 ? `${words.slice(0, letters - 1)}…` : words;
  const style = size < fontSize ? ` style="font-size:${size.toFixed(1)}px"` : "";
  return `<text x="${x}" y="${y}" class="${kind}"${style}>${escaped(shown)}</text>`;
}

const rect = (x: number, y: number, width: number, height: number, kind: string): string =>
  `<rect x="${x}" y="${y}" width="${width}" height="${height}" class="${kind}"/>`;

const escaped = (words: string): string =>
  words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
