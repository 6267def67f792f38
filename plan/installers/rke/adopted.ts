import { X509Certificate } from "node:crypto";
import { z } from "zod";
import type { Certificate } from "../certificate";

/** The state file that an existing cluster's own `rke up` wrote beside its cluster.yml. */
export interface RkeState {
  /** cluster.rkestate, unchanged. It holds every private key. */
  text: string;
  /** PEM, by RKE's names. */
  certificates: Record<string, { certificate: string; privateKey: string }>;
  /** Addresses of the hosts, as RKE lists them. */
  hosts: string[];
}

/** The same, as the configuration gives it. */
export interface AdoptedCluster extends RkeState {
  /** SHA-256, in hex, of the kube-ca certificate without the line feed at its end. */
  caSum: string;
}

const entry = z.object({ certificatePEM: z.string(), keyPEM: z.string() });
const half = z.object({
  rkeConfig: z.object({ nodes: z.array(z.object({ address: z.string() })) }).nullish(),
  certificatesBundle: z.record(z.string(), entry).nullish(),
});
const state = z.object({ desiredState: half.nullish(), currentState: half.nullish() });

/**
 * Reads cluster.rkestate of RKE v1.2.7.
 * @throws Error with the reason, which never repeats what the file holds
 */
export function parseRkeState(text: string): RkeState {
  const read = state.safeParse(json(text));
  const current = read.data?.currentState;
  if (!current?.rkeConfig || !current.certificatesBundle) {
    throw new Error("is not a cluster.rkestate of a cluster that `rke up` has built: it lacks currentState");
  }
  const whole = Object.entries(current.certificatesBundle).filter(([, e]) => e.certificatePEM && e.keyPEM);
  const certificates = Object.fromEntries(
    whole.map(([name, e]) => [name, { certificate: e.certificatePEM, privateKey: e.keyPEM }]),
  );
  const missing = ["kube-ca", "kube-admin"].filter((name) => !certificates[name]);
  if (missing.length > 0) {
    throw new Error(`lacks the certificate or the key of ${missing.join(" and ")}`);
  }
  return { text, certificates, hosts: current.rkeConfig.nodes.map((n) => n.address) };
}

/** The reader's own message would quote the file. */
function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error("is not JSON");
  }
}

/**
 * Of an adopted cluster's certificates those that the planned ones need and that have ended at a time (ms): name, and its end as text. Of
 * the service account's pair only the key is used (RKE's --service-account-key-file and --service-account-signing-key-file).
 */
export const endedCertificates = (
  { certificates }: RkeState,
  planned: Certificate[],
  at: number,
): { name: string; end: string }[] =>
  planned.flatMap(({ name }) => {
    const given = name === "kube-service-account-token" ? undefined : certificates[name];
    const end = given && x509(given.certificate)?.validTo;
    return end !== undefined && Date.parse(end) < at ? [{ name, end: new Date(end).toISOString() }] : [];
  });

function x509(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}
