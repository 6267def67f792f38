/** Makes packets vanish, in the fabric, where no host can see or undo it. */
import { existsSync } from "node:fs";
import { findProgram } from "../machine/packages";
import { LabError, run } from "../machine/run";
import { inNamespace, namespacePath } from "../network/network";
import type { NetworkPlan } from "../network/network-plan";
import { type PacketFaults, packetRules, readPacketRules, TABLE } from "./packet-rules";

export async function packetFaults(plan: NetworkPlan): Promise<PacketFaults> {
  const none = { dropped: [], lossPercent: 0 };
  if (!findProgram("nft") || !existsSync(namespacePath(plan.fabric))) return none;
  const listed = await run(inNamespace(plan.fabric, "nft", "-j", "list", "table", "bridge", TABLE));
  return listed.code === 0 ? readPacketRules(listed.stdout) : none;
}

export async function setPacketFaults(plan: NetworkPlan, verb: string, faults: PacketFaults): Promise<void> {
  if (!findProgram("nft"))
    throw new LabError(`${verb}: nft must be there (Debian's package nftables brings it), is missing`);
  const set = await run(inNamespace(plan.fabric, "nft", "-f", "-"), { input: packetRules(plan, faults) });
  if (set.code === 0) return;
  const said = set.stderr.trim().split("\n")[0];
  throw new LabError(
    `${verb}: the kernel must have nftables for bridges (CONFIG_NF_TABLES_BRIDGE, CONFIG_NFT_NUMGEN), nft says "${said}"`,
  );
}
