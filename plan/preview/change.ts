import { type Change, isChange, type Leaving, newVoters } from "../acts/primary/change";
import type { MemberState, Membership } from "../etcd/members";
import { tolerates } from "../etcd/quorum";
import type { Host } from "../topology/topology";

/** The hosts that join, leave or change their part in etcd, in words; empty if there are none. */
export function describeChange(change: Change, known: Membership): string[] {
  if (!isChange(change)) {
    return [];
  }
  const { leaving, joining, newParts } = change;
  const isMoved = (host: Host) => leaving.some((l) => l.movedTo?.name === host.name);
  return [
    "Hosts that change",
    ...leaving.flatMap((l) => leavingWords(l)),
    ...joining.flatMap((h) => joiningWords(h, isMoved(h))),
    ...newParts.map(({ host, member }) => {
      const now = member === undefined ? "has no part in etcd" : `is a ${member.learner ? "learner" : "voter"}`;
      return `  ${host.name.padEnd(12)} ${now}, and ${partWords(host)}`;
    }),
    ...cost(change, known),
    "",
  ];
}

function leavingWords({ name, address, roles, answers, member, movedTo }: Leaving): string[] {
  const part = member === undefined ? "" : ` and as a ${member.learner ? "learner" : "voter"} of etcd`;
  const head = `  ${name.padEnd(12)} leaves as ${roles.join(", ")}${part} (${address}${answers === undefined ? "" : answers ? ", answers SSH" : ", doesn't answer SSH"})`;
  return [
    movedTo ? `${head}; it comes back at ${movedTo.address}` : head,
    ...(member ? [`${indent}its member is removed while the voters that stay are a majority`] : []),
    ...(answers === false
      ? [
          `${indent}nothing is done on it: make sure that it is off, since its pods start elsewhere; wipe it before it gets power again`,
        ]
      : [
          `${indent}its containers and the pods on it are stopped, etcd's data is set aside there; \`kubectl drain ${name}\` first if that matters`,
        ]),
    ...(movedTo ? [] : [`${indent}its Node is deleted`]),
  ];
}

function joiningWords(host: Host, isMoved: boolean): string[] {
  return [
    `  ${host.name.padEnd(12)} ${isMoved ? "is" : "joins"} at ${host.address} as ${host.roles.join(", ")}`,
    ...(host.etcd === "none" ? [] : [`${indent}${partWords(host)}`]),
  ];
}

function partWords({ etcd }: Host): string {
  switch (etcd) {
    case "voter":
      return "becomes a voter: added to etcd as a learner without data, promoted when it has caught up";
    case "learner":
      return "becomes a learner: added to etcd without data, after `rke up`";
    case "none":
      return "gets out of etcd: its container and data are set aside";
    default:
      return etcd satisfies never;
  }
}

const indent = " ".repeat(15);

/** What a further loss would cost while the voters change, and afterwards. */
function cost(change: Change, known: Membership): string[] {
  const coming = newVoters(known, change).map((h) => h.name);
  const wanted = known.members.filter((m) => m.wanted === "voter");
  const stay = wanted.filter((m) => !coming.includes(m.host.name));
  const well = stay.filter((m) => m.condition === "well" || m.condition === "outdated");
  const goes = change.leaving.some((l) => l.member?.learner === false) || change.newParts.length > 0;
  if (!goes && coming.length === 0) {
    return [];
  }
  const words = (voters: number, of: MemberState[]) => {
    const names = of.map((m) => m.host.name).join(", ");
    const spare = tolerates(voters, of.length);
    return spare > 0 ? `${spare} of ${names} may fail` : `the loss of one of ${names} stops all writes`;
  };
  return [
    ...(coming.length > 0 ? [`  until ${coming.join(" and ")} is promoted, ${words(stay.length, well)}`] : []),
    `  afterwards ${words(wanted.length, wanted)}`,
  ];
}
