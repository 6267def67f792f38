import { hasExternalEtcd } from "../declaration/kubeadm";
import { majorityProblem } from "../etcd/quorum";
import { controlPlane, survivors, voters } from "../topology/order";
import { allHosts, type Host, type Topology } from "../topology/topology";
import { endpointHost, plainIp } from "../values/addresses";

/** That nothing takes snapshots, and where that would be said. */
export const noSnapshots = ({ installer }: Topology): string =>
  `no snapshots are taken (etcd.snapshots${installer === "rke" ? ", services.etcd.snapshot" : ""})`;

/** What is enough for a vote at a third site; kubeadm has no member without a control plane. */
export const thirdSite = ({ installer }: Topology): string =>
  installer === "kubeadm" ? "a control plane host, which kubeadm joins with its etcd" : "a witness is enough";

/** With what an etcd is restored without this program. */
export const restoredByHand = ({ installer }: Topology): string =>
  installer === "rke" ? "`rke etcd snapshot-restore`" : "`etcdutl snapshot restore` while its kubelet is stopped";

export const deployHostNote = ({ installer }: Topology, datacenter: string): string =>
  `it is the deploy host of ${datacenter}: while it is gone, ${
    installer === "rke" ? "rke can't be run from there, nor a failover to there" : "no failover to there can be run"
  }`;

/** What hangs on the name or address that kubeadm gave to workers and admins, when these hosts are gone. */
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

/** Why a failover of a kubeadm cluster would refuse the loss of a datacenter, by the topology alone; empty where it could act. */
export function kubeadmRefusals(topology: Topology, lost: string): string[] {
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
  return sourceOf(topology, lost)
    ? []
    : [`no control plane host survives the loss of ${lost}: there is no etcd to start, nor an API to bring back`];
}

/** On whose host a failover starts etcd: a voter's, a learner's, or, from a snapshot, a control plane host's. */
export function sourceOf(topology: Topology, lost: string): Host | undefined {
  const left = allHosts(topology).filter((h) => h.datacenter !== lost);
  const [voter] = voters(left);
  return voter ?? left.find((h) => h.etcd === "learner") ?? controlPlane(left)[0];
}
