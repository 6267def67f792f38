import { argument } from "../../runtimes/process";
import { systemd } from "../../runtimes/systemd/systemd";
import { type Step, step, stepNames } from "../../steps/steps";
import { onlyHasEtcd } from "../../topology/order";
import type { Site } from "../../topology/site";
import type { Host } from "../../topology/topology";
import type { AfterLoss, Installer, Returning } from "../installer";
import { sharedEndpoint } from "../kubeadm/kubeadm";
import { controlPlaneBack, nodeLabels, welcome } from "../kubeadm/settle";
import { clusterOf } from "../kubeadm/site";
import {
  etcdServers,
  externalEndpoints,
  joiningEtcd,
  ownEndpoint,
  plannedApiServer,
  plannedEtcd,
  recoveredEtcd,
} from "./processes";
import { initialCluster, memberName, plannedOn } from "./settings";

/** The certificate with which a host asks its own etcd, and peers: on-host/installers/etcd-unit/lib/etcd.sh finds its files in etcd's settings. */
const etcdCertificate = "etcd";

/**
 * etcd as a unit of systemd on hosts of its own or beside the control plane, which kubeadm has made with an external etcd. The inventory is the
 * operator's: no act changes it, and no act runs the installer. What kubeadm keeps of etcd is changed in its ConfigMap.
 * @param pki kubeadm's certificatesDir, as this installer gives it
 */
const onSystemd = (name: Installer["name"], title: string, pki: string): Installer => ({
  name,
  title,
  joinsSurvivors: false,
  listsMembers: false,
  runtimeOn: () => systemd,
  memberName,
  etcdCertificate: () => etcdCertificate,
  certificateFile: (certificate) => `${pki}/${certificate}.crt`,
  lastingCertificates: name === "unit" ? [] : ["ca", "apiserver-kubelet-client"],
  neededCertificates,
  dataInside: "/var/lib/etcd",
  ownEndpoint,
  etcdctl: (command) => `env $(grep ^ETCDCTL_ /etc/etcd.env) ETCDCTL_API=3 etcdctl ${command}`,
  initialCluster,
  etcdServers,
  sharedEndpoint,
  asksOwnEtcd: () => false,
  images: ({ etcdUnit }) => ({ etcd: etcdUnit?.program ?? "", tools: undefined }),
  plannedEtcd,
  architectureHost: (_site, host) => host,
  recoveredEtcd,
  joiningEtcd,
  joinedEtcd: joiningEtcd,
  plannedApiServer,
  releases: undefined,
  learnerDiffers: () => () => [],
  // the installer made them, and no act makes one
  certificates: () => [],
  clusterFile: () => "",
  hostsIn: () => [],
  deployFiles: () => ({ prepared: ["ssh/id_ed25519", "ssh/known_hosts"], needed: ["ssh/id_ed25519"] }),
  program: undefined,
  watchingNamespaces: ["kube-system"],
  runName: () => undefined,
  settleHosts: () => [],
  build: () => [],
  adopt: () => [],
  settleLoss,
  welcome: (act) => (act.returned.some(isNode) ? welcome({ ...act, returned: act.returned.filter(isNode) }) : []),
  controlPlaneBack,
  settleReturn,
  isNode,
  nodeLabels,
});

/** kubeadm's certificatesDir by installer; `unit` has no control plane. */
export const usualPki = { kubespray: "/etc/kubernetes/ssl", kubekey: "/etc/kubernetes/pki", unit: "" } as const;

export const kubespray = onSystemd("kubespray", "kubespray", usualPki.kubespray);
export const kubekey = onSystemd("kubekey", "KubeKey", usualPki.kubekey);
export const unit = onSystemd("unit", "systemd", usualPki.unit);

/** A member's certificate, under which others reach it; and the API's. */
function neededCertificates(site: Site, host: Host): { file: string; names: string[] }[] {
  const file = host.etcd === "none" ? undefined : argument(plannedOn(site, host, site.voters).cmd, "peer-cert-file");
  return [
    ...(file === undefined ? [] : [{ file, names: [host.internalAddress] }]),
    ...(host.roles.includes("controlplane")
      ? [{ file: `${clusterOf(site).certificatesDir}/apiserver.crt`, names: [host.internalAddress] }]
      : []),
  ];
}

/** A host with etcd alone has no kubelet. */
function isNode(host: Host): boolean {
  return !onlyHasEtcd(host);
}

function settleLoss({ site, server, firstWrite, before }: AfterLoss): Step[] {
  return endpointsStep(site, site.deployHost, server, [firstWrite, ...before]);
}

function settleReturn({ site, deployHost, server, before }: Returning & { site: Site }): Step[] {
  return endpointsStep(site, deployHost, server, before);
}

/** kubeadm's ConfigMap names every member's URL, and kubeadm writes them into each manifest that it makes anew. */
function endpointsStep(site: Site, deployHost: Host, server: string, before: Step[]): Step[] {
  return site.kubeadm === undefined
    ? []
    : [
        step("external-endpoints", deployHost, "Cleanup", {
          arguments: [server, ...externalEndpoints(site)],
          after: stepNames(before),
          words: `kubeadm-config: etcd.external.endpoints become ${externalEndpoints(site).join(", ")}`,
        }),
      ];
}
