import { factsOf, type Observation } from "../facts/observation";
import type { Host } from "../topology/topology";
import { list, type Verdict } from "./verdict";

/** Guards that don't depend on survivors' facts, or that are about reaching survivors. All others know only what survivors reported. */
const withoutSight = [
  "confirmation",
  "attestation",
  "lost side is silent",
  "survivors reachable",
  "quorum is lost",
  "control plane",
];

/**
 * The verdicts, but none says "ok" about a survivor that couldn't be looked at. The guard `survivors reachable` stops the act already; the
 * others must not claim more than is known.
 * @param onlyWay true with a bastion: if it is down, the operator can't see the lost side either
 */
export function withoutUnseen(verdicts: Verdict[], survivors: Host[], seen: Observation, onlyWay: boolean): Verdict[] {
  const unseen = survivors.filter((host) => !factsOf(seen, host));
  if (unseen.length === 0) {
    return verdicts;
  }
  const isBlind = unseen.length === survivors.length;
  const depends = (guard: string) =>
    !withoutSight.includes(guard) || (guard === "lost side is silent" && isBlind && onlyWay);
  return verdicts.map((told) => {
    if (!told.ok || !depends(told.guard)) {
      return told;
    }
    return isBlind
      ? { ...told, unknown: true, found: "not known, no survivor was seen" }
      : { ...told, found: `${told.found} (not seen: ${list(unseen)})` };
  });
}
