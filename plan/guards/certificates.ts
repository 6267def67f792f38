import type { FailoverPlan } from "../acts/failover/plan";
import type { Reachable } from "../facts/facts";
import { factsOf, type Observation } from "../facts/observation";
import type { CertificateFacts } from "../facts/preflight";
import { installerOf } from "../installers/installers";
import { namesInCertificates } from "../topology/order";
import type { Host, Topology } from "../topology/topology";
import { isIp, serviceIp } from "../values/addresses";

/**
 * Certificates on the survivors must be valid by their host's clock, be signed by the CA in the same folder, and name every address by
 * which the survivors are reached after the failover.
 */
export function certificateProblems(topology: Topology, plan: FailoverPlan, seen: Observation): string[] {
  return plan.survivors.flatMap((host) => {
    const facts = factsOf(seen, host);
    if (!facts) {
      return [];
    }
    const own = (c: { file: string }) =>
      !c.file.includes("/kube-etcd-") || c.file.endsWith(`/${installerOf(topology).etcdCertificate(host)}.pem`);
    const relevant = facts.preflight.certificates.filter(own);
    const now = seen.at + facts.clockSkew;
    return [
      ...facts.preflight.unreadableCertificates
        .filter(own)
        .map(({ file, reason }) => `${host.name}: ${file} must be a certificate, ${reason}`),
      ...relevant.flatMap((c) => validity(host, c, now)),
      ...(plan.apiServers.some((a) => a.host.name === host.name)
        ? names(host, facts, "kube-apiserver", apiServerNames(topology, plan))
        : []),
      ...([plan.etcd?.host, ...plan.others].some((h) => h?.name === host.name)
        ? names(host, facts, installerOf(topology).etcdCertificate(host), [...namesInCertificates(host), "127.0.0.1"])
        : []),
    ];
  });
}

function validity(host: Host, certificate: CertificateFacts, now: number): string[] {
  const { file, notBefore, notAfter, signed } = certificate;
  const clock = `by the host's clock it is ${isoSeconds(now)}`;
  return [
    ...(now < notBefore
      ? [`${host.name}: ${file} must be valid, is not yet valid before ${isoSeconds(notBefore)}; ${clock}`]
      : []),
    ...(now > notAfter
      ? [`${host.name}: ${file} must be valid, has expired on ${isoSeconds(notAfter)}; ${clock}`]
      : []),
    ...(signed === false
      ? [`${host.name}: ${file} must be signed by the CA beside it, is signed by another of that name`]
      : []),
  ];
}

/** The survivors' names, by which kubelets, proxies and `rke` dial them, and those by which pods do. */
function apiServerNames(topology: Topology, plan: FailoverPlan): string[] {
  return [
    ...plan.apiServers.flatMap((a) => namesInCertificates(a.host)),
    "127.0.0.1",
    serviceIp(topology.serviceCidr),
    "kubernetes",
  ];
}

function names(host: Host, facts: Reachable, name: string, wanted: string[]): string[] {
  const path = `/etc/kubernetes/ssl/${name}.pem`;
  const certificate = facts.preflight.certificates.find((c) => c.file === path);
  if (!certificate) {
    return facts.preflight.unreadableCertificates.some((c) => c.file === path)
      ? []
      : [`${host.name}: ${path} must be there, is missing`];
  }
  const missing = wanted.filter((n) => !(isIp(n) ? certificate.ipAddresses : certificate.dnsNames).includes(n));
  return missing.length === 0 ? [] : [`${host.name}: ${path} must be good for ${missing.join(", ")}, is not`];
}

const isoSeconds = (milliseconds: number): string => new Date(milliseconds).toISOString().replace(/\.\d+/, "");
