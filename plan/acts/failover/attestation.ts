import type { FailoverSettings } from "./plan";

/** The operator's attestation: every lost host has no power, and gets none until failback. */
const word = "powered-off";

/** The act in the form that the operator types to confirm it: datacenter and epoch. */
export const confirmationText = ({ lost, epoch }: FailoverSettings): string => `${lost}@${epoch}`;

/** The word as the operator types it. It is good for one act: it stays in the stack's file, and the next time hosts may live. */
export const wantedAttestation = (settings: FailoverSettings): string => `${word}@${confirmationText(settings)}`;

export const isAttested = (settings: FailoverSettings): boolean => settings.attest === wantedAttestation(settings);

/** The operator's word that controlPlaneEndpoint is moved by hand, as it is typed; good for one act, too. */
export const endpointByHand = (settings: FailoverSettings): string => `by-hand@${confirmationText(settings)}`;

/** The attestation as the survivors record it, without datacenter and epoch: their record has these already. */
export const recordedAttestation = (settings: FailoverSettings): string => (isAttested(settings) ? word : "");

/** The command by which the operator attests it. */
export const attestCommand = (settings: FailoverSettings): string =>
  `pulumi config set attest ${wantedAttestation(settings)} --stack failover`;

/** The value of `attest` that is set instead of the right one, and why it doesn't count. */
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
