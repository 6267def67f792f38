import type { ClusterLine } from "../../evidence/clusters-report";
import type { Preview } from "../act";
import { ActError } from "../act-error";
import type { Loss } from "./declared";

/** A cluster's line after its preview. */
export function previewLine({ words, stops, hash }: Preview, kind: Loss["kind"]): Omit<ClusterLine, "cluster"> {
  const [, mayBeLost] = /^May be lost: (.*)$/m.exec(words) ?? [];
  const figures = { ...(mayBeLost === undefined ? {} : { mayBeLost }), ...(hash === undefined ? {} : { hash }) };
  const survives = stops.find((stop) => stop.includes("there is nothing to recover"));
  if (kind === "not needed" && survives !== undefined) {
    const others = stops.filter((stop) => stop !== survives);
    return { outcome: "not needed", words: [survives.replace(/^[^:]*: /, ""), ...others] };
  }
  if (/^NOTHING TO DO:/m.test(words)) return { outcome: "over", words: ["this failover has ended before"] };
  if (stops.length === 0) return { outcome: "ready", words: [], ...figures };
  return stops.every(isMissingWord)
    ? { outcome: "waits", words: stops, ...figures }
    : { outcome: "stopped", words: stops.filter((stop) => !isMissingWord(stop)), ...figures };
}

/** True if only the operator's word for this act isn't set; a word that is bound to another act is a finding. */
const isMissingWord = (stop: string): boolean =>
  /^(confirmation|attestation): /.test(stop) &&
  !/must be the hash of|must be bound to|the hash behind the colon/.test(stop);

/** A cluster's line if its operation threw. */
export function withoutReport(error: unknown): Omit<ClusterLine, "cluster"> {
  const message = error instanceof Error ? error.message : String(error);
  const stops = [...message.matchAll(/^ {2}STOP {2}(.+)$/gm)].map(([, text = ""]) => text);
  if (!(error instanceof ActError)) return { outcome: "failed", words: [message] };
  if (error.cancelled) return { outcome: "cancelled", words: ["the same command goes on with it"] };
  if (stops.length > 0 && error.refused) return { outcome: "refused", words: stops };
  return { outcome: "failed", words: error.refused ? [message, "nothing was changed"] : [message] };
}
