import type { FailoverPlan } from "../acts/failover/plan";
import type { Reachable } from "../facts/facts";
import { factsOf, type Observation } from "../facts/observation";
import type { CertificateFacts } from "../facts/preflight";
import { installerOf } from "../installers/installers";
import { controlPlane } from "../topology/order";
import type { Host, Topology } from "../topology/topology";
import { isIp } from "../values/addresses";
import { problem } from "./verdict";

/**
 * Certificates that the act uses must be valid by their host's clock, be signed by the CA in the same folder, and name every address by
 * which the survivors are reached after the failover. What else lies in the folder stops nothing: see `unusedCertificates`.
 */
export function certificateProblems(topology: Topology, plan: FailoverPlan, seen: Observation): string[] {
  return plan.survivors.flatMap((host) => {
    const facts = factsOf(seen, host);
    if (!facts) {
      return [];
    }
    const isUsed = usedBy(topology, plan, host);
    const now = seen.at + facts.clockSkew;
    return [
      ...invalid(host, facts, now, isUsed).map(({ words, file }) => problem(words, ...anew(host, file))),
      ...installerOf(topology)
        .neededCertificates(plan.site, host)
        .flatMap(({ file, names: wanted }) => names(host, facts, file, wanted)),
    ];
  });
}

/**
 * A sentence for each certificate that something is wrong with and that the recovery doesn't use: a worker's kubelet with an expired one is
 * cut off from the API already, and files that no process reads lie in the folder, too.
 */
export function unusedCertificates(topology: Topology, plan: FailoverPlan, seen: Observation): string[] {
  return plan.survivors.flatMap((host) => {
    const facts = factsOf(seen, host);
    const isUsed = usedBy(topology, plan, host);
    const own = (file: string) =>
      !file.includes("/kube-etcd-") || file.endsWith(`/${installerOf(topology).etcdCertificate(host)}.pem`);
    return facts
      ? invalid(host, facts, seen.at + facts.clockSkew, (file) => own(file) && !isUsed(file)).map(
          ({ words }) => `${words}. The recovery doesn't use it`,
        )
      : [];
  });
}

/**
 * True for the files of the processes that the act starts on the host (their arguments name them), of those that it restarts on a control
 * plane host, and of the deploy host's own requests.
 */
function usedBy(topology: Topology, plan: FailoverPlan, host: Host): (file: string) => boolean {
  const { certificateFile, etcdCertificate, lastingCertificates } = installerOf(topology);
  const started = [plan.etcd, ...plan.apiServers].filter((r) => r?.host.name === host.name);
  // a member that joins is started by its own step, with no replacement in the plan
  const members = [plan.etcd?.host, ...plan.others];
  const words = started.flatMap((r) => (r ? [...r.after.entrypoint, ...r.after.cmd, ...r.after.env] : []));
  const files = new Set([
    ...words.flatMap((word) => word.match(/\/etc\/[\w./-]+\.(pem|crt)/g) ?? []),
    ...(members.some((h) => h?.name === host.name) ? [certificateFile(etcdCertificate(host))] : []),
    ...(controlPlane([host]).length > 0 ? lastingCertificates.map(certificateFile) : []),
  ]);
  return (file) => files.has(file) || (host.name === plan.deployHost.name && file.startsWith("/etc/rke-dr/certs/"));
}

function invalid(
  host: Host,
  { preflight }: Reachable,
  now: number,
  isMeant: (file: string) => boolean,
): { file: string; words: string }[] {
  return [
    ...preflight.unreadableCertificates
      .filter(({ file }) => isMeant(file))
      .map(({ file, reason }) => ({ file, words: `${host.name}: ${file} must be a certificate: ${reason}` })),
    ...preflight.certificates
      .filter(({ file }) => isMeant(file))
      .flatMap((c) => validity(host, c, now).map((words) => ({ file: c.file, words }))),
  ];
}

/** A certificate is issued anew on any machine with openssl, with the CA's key, which RKE's state holds. */
const anew = (host: Host, file: string): string[] => [
  `Is ${host.name}'s clock right? \`date -u\` there`,
  `If so, issue it anew with the same names and put it in the same place: docs/runbook.md, "A certificate that has expired" (${file})`,
];

function validity(host: Host, certificate: CertificateFacts, now: number): string[] {
  const { file, notBefore, notAfter, signed } = certificate;
  const clock = `by the host's clock it is ${isoSeconds(now)}`;
  return [
    ...(now < notBefore
      ? [`${host.name}: ${file} must be valid: not yet before ${isoSeconds(notBefore)}, ${clock}`]
      : []),
    ...(now > notAfter
      ? [`${host.name}: ${file} must be valid: has expired on ${isoSeconds(notAfter)}, ${clock}`]
      : []),
    ...(signed === false
      ? [`${host.name}: ${file} must be signed by the CA beside it: is signed by another of that name`]
      : []),
  ];
}

function names(host: Host, facts: Reachable, path: string, wanted: string[]): string[] {
  const certificate = facts.preflight.certificates.find((c) => c.file === path);
  if (!certificate) {
    return facts.preflight.unreadableCertificates.some((c) => c.file === path)
      ? []
      : [problem(`${host.name}: ${path} must be there: missing`, ...anew(host, path))];
  }
  const missing = wanted.filter((n) => !(isIp(n) ? certificate.ipAddresses : certificate.dnsNames).includes(n));
  return missing.length === 0
    ? []
    : [problem(`${host.name}: ${path} must be good for ${missing.join(", ")}: is not`, ...anew(host, path))];
}

const isoSeconds = (milliseconds: number): string => new Date(milliseconds).toISOString().replace(/\.\d+/, "");
