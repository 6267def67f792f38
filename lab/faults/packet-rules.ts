/** Rules for packets in the fabric, as nftables text. The kernel keeps them, so it also says which faults there are. */
import type { NetworkPlan } from "../network/network-plan";

export interface PacketFaults {
  /** Hosts whose packets vanish. */
  dropped: string[];
  /** Share of packets between datacenters that get lost, in percent. */
  lossPercent: number;
}

export const TABLE = "faults";

/** Replaces all rules at once. ARP passes where a host's packets vanish: without it, others would see "no route". */
export function packetRules(plan: NetworkPlan, { dropped, lossPercent }: PacketFaults): string {
  const hosts = plan.datacenters.flatMap((dc) => dc.hosts).filter(({ name }) => dropped.includes(name));
  const rules = [
    ...hosts.flatMap(({ name, port }) =>
      ["iifname", "oifname"].map((side) => `ether type != arp ${side} "${port}" drop comment "drop ${name}"`),
    ),
    // A packet between datacenters comes into the core once.
    ...(lossPercent === 0
      ? []
      : plan.datacenters.map(
          ({ coreLink }) => `iifname "${coreLink}" ${share(lossPercent)}drop comment "loss ${lossPercent}"`,
        )),
  ];
  const chain = ["chain forward {", "type filter hook forward priority 0; policy accept;", ...rules, "}"];
  return [
    `add table bridge ${TABLE}`,
    `delete table bridge ${TABLE}`,
    ...(rules.length === 0 ? [] : [`table bridge ${TABLE} {`, ...chain, "}"]),
    "",
  ].join("\n");
}

/** A match for this share of all packets. */
const share = (percent: number): string =>
  percent >= 100 ? "" : `numgen random mod 10000 < ${Math.round(percent * 100)} `;

/** Reads the comments of `nft -j list table bridge faults`. */
export function readPacketRules(json: string): PacketFaults {
  const { nftables } = JSON.parse(json) as { nftables: { rule?: { comment?: string } }[] };
  const comments = nftables.flatMap(({ rule }) => (rule?.comment ? [rule.comment.split(" ")] : []));
  const values = (kind: string) => comments.flatMap(([word, value]) => (word === kind && value ? [value] : []));
  return { dropped: [...new Set(values("drop"))], lossPercent: Number(values("loss")[0] ?? 0) };
}
