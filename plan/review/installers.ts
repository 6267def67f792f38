import { hasExternalEtcd } from "../declaration/kubeadm";
import { majorityProblem } from "../guards/majority";
import { controlPlane, survivors, voters } from "../topology/order";
import { allHosts, type Host, hasApi, type Topology } from "../topology/topology";
import { endpointHost, plainIp } from "../values/addresses";

/** Says that nothing takes snapshots, and by which keys of the topology that is declared. */
export const noSnapshots = ({ installer }: Topology): string =>
  `no snapshots are taken (etcd.snapshots${installer === "rke" ? ", services.etcd.snapshot" : ""})`;

/** The least that a third site needs for a vote; kubeadm has no member without a control plane. */
export const thirdSite = ({ installer }: Topology): string =>
  installer === "kubeadm" ? "a control plane host, which kubeadm joins with its etcd" : "a witness is enough";

/** The command that restores an etcd without this program. */
export const restoredByHand = ({ installer }: Topology): string =>
  installer === "rke"
    ? "`rke etcd snapshot-restore`"
    : `\`etcdutl snapshot restore\` while its ${installer === "kubeadm" ? "kubelet" : "etcd.service"} is stopped`;

export const deployHostNote = ({ installer }: Topology, datacenter: string): string =>
  `it is the deploy host of ${datacenter}: while it is gone, ${
    installer === "rke" ? "rke can't be run from there, nor a failover to there" : "no failover to there can be run"
  }`;

/** Sentences: if these hosts are lost, can workers and admins still reach the API by the name or address that they use? */
export function endpointNotes({ kubeadm }: Topology, gone: Host[]): string[] {
  const servers = controlPlane(gone);
  if (!kubeadm || servers.length === 0) {
    return [];
  }
  const { controlPlaneEndpoint: endpoint } = kubeadm;
  if (endpoint === undefined) {
    return [
      `no controlPlaneEndpoint: what names ${servers.map((h) => h.name).join(", ")} by address reaches no API until it is told of another`,
    ];
  }
  const host = plainIp(endpointHost(endpoint));
  const own = servers.find((h) => [h.name, h.address, h.internalAddress].map(plainIp).includes(host));
  if (!own && gone.length === 1) {
    return [];
  }
  return [
    own
      ? `controlPlaneEndpoint ${endpoint} is ${own.name} itself: workers and admins reach no API until it leads to a survivor`
      : `workers and admins reach the API where controlPlaneEndpoint ${endpoint} leads: it must lead to a survivor, not to ${servers.map((h) => h.name).join(", ")}`,
  ];
}

/** Why a failover of a cluster that RKE didn't make would refuse the loss of a datacenter, by the topology alone; empty if it could act. */
export function otherRefusals(topology: Topology, lost: string): string[] {
  if (hasExternalEtcd(topology)) {
    return [
      "kubeadm.etcd.external: etcd isn't kubeadm's, so there is nothing here to recover it with; recover it where it was made",
    ];
  }
  const kept = majorityProblem(topology, lost, [], { hosts: {}, answers: [], at: 0 });
  if (kept !== undefined) {
    return [kept];
  }
  const left = voters(survivors(topology, lost));
  if (left.length > 1) {
    return [
      `${left.length} voters survive (${left.map((h) => h.name).join(", ")}): a failover with more than one is not built yet`,
    ];
  }
  if (topology.etcdUnit !== undefined && left.length === 0) {
    return [`no host with etcd survives the loss of ${lost}: a host without etcd's unit has nothing to start it with`];
  }
  return sourceOf(topology, lost) && (!hasApi(topology) || controlPlane(survivors(topology, lost)).length > 0)
    ? []
    : [`no control plane host survives the loss of ${lost}: there is no etcd to start, nor an API to bring back`];
}

/** The host on which a failover starts etcd: the surviving voter, else the learner, else (from a snapshot) a control plane host. */
export function sourceOf(topology: Topology, lost: string): Host | undefined {
  const left = allHosts(topology).filter((h) => h.datacenter !== lost);
  const [voter] = voters(left);
  return voter ?? left.find((h) => h.etcd === "learner") ?? controlPlane(left)[0];
}
