import { type Change, noChange } from "../acts/primary/change";
import { broken, type MemberState, type Membership } from "../etcd/members";
import { tolerates } from "../etcd/quorum";

/** etcd's members in words: how each is, what `up` does about it, and what a next failure would cost until then. */
export function describeMembers(m: Membership, now: number, change: Change = noChange): string[] {
  return [
    "etcd",
    ...m.members.map((s) => `  ${describeMember(s)}`),
    ...m.strangers.map(
      (s) =>
        `  ${s.name || s.id}: a member that the topology doesn't name (${s.peerUrls.join(", ")})${change.unknown.includes(s) ? "" : ": it is removed"}`,
    ),
    ...broken(m).map((s) => `  ${repair(s)}`),
    ...nextFailure(m),
    ...(m.quorum ? [] : [`  no voter answered a linearizable read at ${new Date(now).toISOString()}`]),
  ];
}

function describeMember({ host, wanted, condition, found, etcd }: MemberState): string {
  const place = `${host.name.padEnd(12)} ${wanted.padEnd(8)}`;
  const revision = etcd ? ` (revision ${etcd.revision}${etcd.leader ? ", leader" : ""})` : "";
  return condition === "well" || condition === "unseen"
    ? `${place} ${found}${revision}`
    : `${place} ${condition.toUpperCase()}: ${found}${revision}`;
}

function repair({ host, wanted, condition }: MemberState): string {
  switch (condition) {
    case "lagging":
    case "stopped":
      if (wanted === "learner") {
        return `-> ${host.name}: given time to catch up; if it doesn't, its data is set aside and it is added anew`;
      }
      break;
    case "outdated":
      return `-> ${host.name}: its container is recreated on the same data`;
    case "unpromoted":
      return `-> ${host.name}: caught up, given RKE's own arguments, promoted`;
  }
  const back =
    wanted === "learner" ? "added as a learner on no data" : "added as a learner on no data, promoted when caught up";
  return `-> ${host.name}: its data is set aside, the old member removed, ${back}`;
}

/** The cost of losing one more voter until the members that are being replaced are back. */
function nextFailure(m: Membership): string[] {
  const voters = m.members.filter((s) => s.wanted === "voter");
  const well = voters.filter((s) => s.condition === "well");
  const back = broken(m).filter((s) => s.wanted === "voter");
  // before a failback no returned host is a voter; there each step says what a loss costs
  if (back.length === 0 || well.length === 0 || tolerates(voters.length, well.length) > 0) {
    return [];
  }
  const names = (states: MemberState[]) => states.map((s) => s.host.name);
  return [
    `  until ${names(back).join(" and ")} is promoted, the loss of ${names(well).join(" or ")} loses quorum: every write would stop`,
  ];
}
