import type { FailoverSettings } from "./plan";

/** The operator's attestation: every lost host has no power, and gets none until failback. */
const word = "powered-off";

/** The act in the form that the operator types to confirm it: datacenter and epoch. */
export const confirmationText = ({ lost, epoch }: Pick<FailoverSettings, "lost" | "epoch">): string =>
  `${lost}@${epoch}`;

/** How many persons must attest: more than one if the topology asks for it (`attest: {by: 2}`). */
const persons = ({ attestBy = 1 }: FailoverSettings): number => attestBy;

/**
 * The word as the operator types it. It is good for one act: it stays in the stack's file, and the next time hosts may live. If several
 * persons must attest, each word is bound to the act's hash, too.
 *
 * @param hash the hash of the act; where it isn't known, the letters HASH stand for it
 */
export const wantedAttestation = (settings: FailoverSettings, hash = "HASH"): string =>
  `${word}@${confirmationText(settings)}${persons(settings) > 1 ? `:${hash}` : ""}`;

/** One person's word. @property by the name under which it stands; undefined if there is a single word without a name */
export interface Attested {
  by: string | undefined;
  word: string;
}

const wordsOf = ({ attest }: FailoverSettings): Attested[] =>
  typeof attest === "string"
    ? [{ by: undefined, word: attest }]
    : Object.entries(attest ?? {}).map(([by, words]) => ({ by, word: words }));

/** The hash that a word for this act is bound to; "" if it is bound to none, undefined if it is no word for this act. */
function boundTo(settings: FailoverSettings, text: string): string | undefined {
  const own = `${word}@${confirmationText(settings)}`;
  return text === own ? "" : text.startsWith(`${own}:`) ? text.slice(own.length + 1) : undefined;
}

/** The words for this act that are bound to a hash, each with that hash. */
export const boundWords = (settings: FailoverSettings): (Attested & { hash: string })[] =>
  wordsOf(settings).flatMap((attested) => {
    const hash = boundTo(settings, attested.word);
    return hash ? [{ ...attested, hash }] : [];
  });

/** The words that count: any for this act; if several persons must attest, only those with a name and a hash. */
const counting = (settings: FailoverSettings): Attested[] =>
  persons(settings) > 1
    ? boundWords(settings).filter(({ by }) => by !== undefined)
    : wordsOf(settings).filter(({ word }) => boundTo(settings, word) !== undefined);

/** The names under which the act is attested; none for a single word without a name. */
export const attesting = (settings: FailoverSettings): string[] =>
  counting(settings).flatMap(({ by }) => (by === undefined ? [] : [by]));

/** True if enough words for this act are there. The guard `attestation` compares the hashes that they are bound to. */
export const isAttested = (settings: FailoverSettings): boolean => counting(settings).length >= persons(settings);

/** The operator's word that controlPlaneEndpoint is moved by hand, as it is typed; good for one act, too. */
export const endpointByHand = (settings: FailoverSettings): string => `by-hand@${confirmationText(settings)}`;

/** The attestation as the survivors record it, without datacenter and epoch: their record has these already. */
export const recordedAttestation = (settings: FailoverSettings): string => (isAttested(settings) ? word : "");

/** The command by which the operator attests it. @param by the name under which the word stands, or shall stand, where it needs one */
export const attestCommand = (settings: FailoverSettings, hash?: string, by?: string): string =>
  `pulumi config set ${persons(settings) > 1 || by !== undefined ? `--path attest.${by ?? "NAME"}` : "attest"} ${wantedAttestation(settings, hash)} --stack failover`;

/** The rule for `attest`, for a message. */
export const attestationRule = (settings: FailoverSettings, hash?: string): string =>
  persons(settings) > 1
    ? `${persons(settings)} persons must attest "${wantedAttestation(settings, hash)}", each under a name`
    : `must be "${wantedAttestation(settings, hash)}"`;

/** The value of `attest` that is set instead of the right one, and why it doesn't count. */
export function foundAttestation(settings: FailoverSettings): string {
  const words = wordsOf(settings);
  return words.length === 0 ? "not set" : words.map((attested) => describe(settings, attested)).join(", ");
}

function describe(settings: FailoverSettings, { by, word: text }: Attested): string {
  const bound = boundTo(settings, text);
  const why =
    text === word
      ? ", which names neither datacenter nor epoch"
      : bound === undefined
        ? text.startsWith(`${word}@`)
          ? ", which is not this failover's"
          : ""
        : by === undefined
          ? ", which stands under no name"
          : bound === ""
            ? ", which is bound to no hash"
            : "";
  return `${by === undefined ? "" : `${by} says `}"${text}"${why}`;
}
