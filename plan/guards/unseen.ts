import { factsOf, type Observation } from "../facts/observation";
import type { Host } from "../topology/topology";
import { list, type Verdict } from "./verdict";

/** Guards that know without a look at the survivors, or are about nothing else; every other one knows only what that told. */
const withoutSight = [
  "confirmation",
  "attestation",
  "lost side is silent",
  "survivors reachable",
  "quorum is lost",
  "control plane",
];

/**
 * The same verdicts, in which nothing is called fine of hosts that couldn't be looked at: that they couldn't stops the act
 * already, and the rest of the list must not say more than is known.
 * @param onlyWay whether nobody else can tell of the lost side: a bastion that lets nobody through hides that, too
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
