import { factsOf, type Observation } from "../observation";
import type { Host } from "../topology";

export function tools(hosts: Host[], seen: Observation): string[] {
  return hosts.flatMap((h) => {
    const has = factsOf(seen, h)?.tools;
    if (!has) {
      return [];
    }
    return [
      ...(has.root ? [] : [`${h.name}: the SSH user is not root`]),
      ...(has.docker ? [] : [`${h.name}: docker doesn't answer`]),
      ...(has.curl ? [] : [`${h.name}: curl with --unix-socket (7.40 or later) is missing`]),
      ...(has.flock ? [] : [`${h.name}: flock is missing`]),
    ];
  });
}

export function clockProblems(hosts: Host[], seen: Observation): string[] {
  return hosts.flatMap((h) => {
    const skew = factsOf(seen, h)?.clockSkew ?? 0;
    return Math.abs(skew) > 5000
      ? [`${h.name} is ${(Math.abs(skew) / 1000).toFixed(1)} s ${skew > 0 ? "ahead" : "behind"}`]
      : [];
  });
}
