/** Rules about what acts leave behind. */
import { type History, ofKind } from "./history";

/** What once lay on a host lies there in each later reading, wherever it was moved to. */
export function deleted(history: History): string[] {
  const readings = ofKind(history, "holding");
  return readings.flatMap((reading, i) => {
    const next = readings.slice(i + 1).find(({ host }) => host === reading.host);
    if (!next) return [];
    return Object.entries(reading.things)
      .filter(([identity]) => next.things[identity] === undefined)
      .map(([, name]) => `${reading.host}: ${name} is gone`);
  });
}

export const secrets = (history: History): string[] => [
  ...new Set(ofKind(history, "secret").map(({ where }) => where)),
];

export const broken = (history: History): string[] => ofKind(history, "broken").map(({ why }) => why);
