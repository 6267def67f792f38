import type { FailoverSettings } from "./plan";

/** What the operator gives their word for: every lost host has no power, and gets none until failback. */
const word = "powered-off";

/** The act that the operator means, datacenter and epoch: what they type to confirm it. */
export const confirmationText = ({ lost, epoch }: FailoverSettings): string => `${lost}@${epoch}`;

/** The word as the operator types it. It is good for one act: it stays in the stack's file, and the next time hosts may live. */
export const wantedAttestation = (settings: FailoverSettings): string => `${word}@${confirmationText(settings)}`;

export const isAttested = (settings: FailoverSettings): boolean => settings.attest === wantedAttestation(settings);

/** What the survivors record of it; their record belongs to datacenter and epoch already. */
export const recordedAttestation = (settings: FailoverSettings): string => (isAttested(settings) ? word : "");

/** What a person types to give their word. */
export const attestCommand = (settings: FailoverSettings): string =>
  `pulumi config set attest ${wantedAttestation(settings)} --stack failover`;

/** What is set instead, and what is wrong with it. */
export function foundAttestation({ attest }: FailoverSettings): string {
  if (attest === undefined) {
    return "not set";
  }
  const why =
    attest === word
      ? ", which names neither datacenter nor epoch"
      : attest.startsWith(`${word}@`)
        ? ", which is not this failover's"
        : "";
  return `"${attest}"${why}`;
}
