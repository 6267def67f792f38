/**
 * The release of RKE that this stand-in stands for, and what follows from it. Images and options by version of Kubernetes are those of
 * the recording of RKE's own metadata; the rules were read in RKE's source at the tags on both sides of each border.
 */
import recorded from "../../test/golden/rke-releases/releases.json";
import { SERVICE_OPTIONS, SYSTEM_IMAGES } from "./release";

interface Metadata {
  etcd: string;
  kubernetes: string;
  tools: string;
  pause: string;
  etcdOptions?: string;
  kubeapiOptions?: string;
}

const metadata = recorded as unknown as {
  rke: Record<string, { default: string }>;
  releases: Record<string, Metadata[]>;
  options: Record<string, Record<string, string>>;
};

/** The oldest version of Kubernetes of which a cluster is modelled. */
const OLDEST = "v1.20.0";
const OWN = "v1.2.7";

let played = OWN;

/** As RKE's own version is one for the whole program. */
export const rkeVersion = (): string => played;

/** @throws Error for a release that isn't recorded */
export function standFor(release: string = OWN): void {
  if (metadata.rke[release] === undefined) {
    throw new Error(`the stand-in does not model: RKE ${release} (recorded: ${Object.keys(metadata.rke).join(", ")})`);
  }
  played = release;
}

export const defaultKubernetes = (): string => metadata.rke[played]?.default ?? "";

/** By major, minor and patch. */
function isAtLeast(version: string, least: string): boolean {
  const numbers = (text: string) => (/^v?(\d+)\.(\d+)\.(\d+)/.exec(text) ?? []).slice(1).map(Number);
  const [a, b] = [numbers(version), numbers(least)];
  const differs = [0, 1, 2].find((i) => a[i] !== b[i]);
  return differs === undefined || (a[differs] ?? 0) > (b[differs] ?? 0);
}

const rke = (least: string): boolean => isAtLeast(played, least);

/** Version of Kubernetes, or of etcd in an image's name. */
export const isVersion = isAtLeast;

export const isModelled = (kubernetesVersion: string): boolean =>
  isAtLeast(kubernetesVersion, OLDEST) && metadata.releases[kubernetesVersion]?.[0]?.etcdOptions !== undefined;

export function systemImages(kubernetesVersion: string): Record<string, string> {
  const images = metadata.releases[kubernetesVersion]?.[0];
  if (images === undefined) throw new Error(`the stand-in does not model: Kubernetes ${kubernetesVersion}`);
  const { etcd, kubernetes, tools, pause } = images;
  return {
    ...SYSTEM_IMAGES,
    etcd,
    alpine: tools,
    nginxProxy: tools,
    certDownloader: tools,
    kubernetesServicesSidecar: tools,
    kubernetes,
    podInfraContainer: pause,
  };
}

/** The arguments of a service: of etcd and kube-apiserver as recorded, of the others those of v1.20.5. */
export function serviceOptions(kubernetesVersion: string, service: string): Record<string, string> {
  const found = metadata.releases[kubernetesVersion]?.[0];
  const id = service === "etcd" ? found?.etcdOptions : service === "kubeapi" ? found?.kubeapiOptions : undefined;
  return (id === undefined ? undefined : metadata.options[id]) ?? SERVICE_OPTIONS[service] ?? {};
}

/** etcd 3.4.15 and later gets two cipher suites. */
export const hardensEtcd = (etcdImage: string): boolean =>
  rke("v1.2.8") && isAtLeast(/:v?([\d.]+)/.exec(etcdImage)?.[1] ?? "", "3.4.15");

/** ETCD_UNSUPPORTED_ARCH is that of the host itself; before, that of the first etcd host. */
export const writesOwnArchitecture = (): boolean => rke("v1.3.0");

export const namesInSmallLetters = (): boolean => rke("v1.3.0");

/** The state's file is the owner's alone. */
export const hidesState = (): boolean => rke("v1.2.8");

/** The bind of the audit log has no SELinux mark. */
export const unmarksAuditLog = (): boolean => rke("v1.3.3");

/** RKE's own binds have none. */
export const unmarksBinds = (kubernetesVersion: string): boolean =>
  rke("v1.3.3") && isAtLeast(kubernetesVersion, "v1.22.0");

/** Membership by etcd's v3 API; else by the v2 API, which etcd 3.5 doesn't serve any more. */
export const asksV3 = (kubernetesVersion: string): boolean => rke("v1.3.3") && isAtLeast(kubernetesVersion, "v1.22.0");

/** Asked for its health at its TLS port: controller-manager from Kubernetes 1.22 on, scheduler from 1.23 on. */
export const asksSecurely = (kubernetesVersion: string, since: "v1.22.0" | "v1.23.0"): boolean =>
  rke("v1.3.3") && isAtLeast(kubernetesVersion, since);

/** enable_cri_dockerd is filled in. */
export const enablesCriDockerd = (kubernetesVersion: string): boolean =>
  rke("v1.3.13") && isAtLeast(kubernetesVersion, "v1.24.0");

/** The ingress controller listens on host ports, without a backend by default. */
export const portsIngress = (kubernetesVersion: string): boolean =>
  rke("v1.3.0") && isAtLeast(kubernetesVersion, "v1.21.0");

export const hasIngressClass = (): boolean => rke("v1.3.3");

/** pod_security_configuration is filled in. */
export const securesPods = (kubernetesVersion: string): boolean =>
  deploysAdmission() && isAtLeast(kubernetesVersion, "v1.23.0");

export const deploysAdmission = (): boolean => rke("v1.4.4");

/** The admission file's checksum is in kube-apiserver's environment; before, RKE restarted kube-apiserver by itself. */
export const showsAdmission = (): boolean => rke("v1.5.9");

/** RKE restarts the first control plane host's kube-apiserver if services.kubeApi isn't as it was: checksums leak into it. */
export const restartsOnChange = (): boolean => deploysAdmission() && !showsAdmission();

/** The state is saved to a Secret, and the ConfigMap of before deleted: 1.4.19 to 1.4.22, and from 1.5.10 on. */
export const savesSecret = (): boolean => rke("v1.5.10") || (rke("v1.4.19") && !rke("v1.5.0"));
