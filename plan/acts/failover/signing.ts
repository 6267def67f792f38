import { actDifferences } from "./act-text";
import { confirmationText } from "./attestation";
import type { FailoverSettings } from "./plan";

/** The act that would run now, and what earlier acts' hashes stand for. */
export interface Signing {
  /** The act's text, and its hash (act-text.ts). */
  text: string;
  hash: string;
  /** Hash of the act's text without the facts of hosts: only another topology, configuration or program changes it. */
  declared: string;
  /** The text that a hash was made of; undefined if no file of signed/ has it. */
  kept: (hash: string) => string | undefined;
  /** The hashes with which this act has begun on the hosts; undefined if it hasn't, or if nothing was pinned. */
  begun: { hash: string; declared: string } | undefined;
}

/** Nothing is known of the act that would run: no hash is its own. */
export const unsigned: Signing = { text: "", hash: "", declared: "", kept: () => undefined, begun: undefined };

export const isHash = (text: string): boolean => /^[0-9a-f]{32}$/.test(text);

/** The hash that the operator's confirmation pins, as it was typed; undefined if it pins none. */
export function pinnedHash(settings: FailoverSettings): string | undefined {
  const act = `${confirmationText(settings)}:`;
  return settings.confirm?.startsWith(act) ? settings.confirm.slice(act.length) : undefined;
}

/**
 * True if the hash is that of the act that would run, or the one with which this act has begun: a rerun must be able to end what it began, even
 * if hosts have changed since. A changed topology, configuration or program isn't excused by that.
 */
export const accepts = (signing: Signing, hash: string): boolean =>
  hash === signing.hash || (hash === signing.begun?.hash && signing.declared === signing.begun.declared);

/** How the act that would run differs from the one of a hash, in lines; at most `most`. */
export function differencesFrom(signing: Signing, hash: string, most: number): string[] {
  const signed = signing.kept(hash);
  if (signed === undefined) {
    return [
      `No file of signed/ has that hash, so the differences can't be named; \`npm run plan -- --write\` keeps a text there in peace`,
    ];
  }
  const lines = actDifferences(signed, signing.text);
  return lines.length <= most
    ? lines
    : [...lines.slice(0, most), `and ${lines.length - most} lines more: \`npm run plan -- --against ${hash}\``];
}
