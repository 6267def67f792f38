import { BACKUP_FOLDER, BACKUP_SCRIPT } from "../lab/installers/etcd-files";
import type { Lab } from "../lab/lab";
import { LabError, must, type Result } from "../lab/machine/run";
import { hasEtcd, hostsOf, installerOf, isControlPlane, type LabTopology } from "../lab/state/topology";
import { type Dialect, onHostScript } from "../on-host";

/** The admin's certificate and key, PEM. */
export interface Admin {
  ca: string;
  cert: string;
  key: string;
}

/** What a drill must know of the cluster's installer. */
export interface DrillCluster {
  /** The control plane hosts. */
  servers: { name: string; address: string }[];
  /** The first voter of the datacenter that gets lost. */
  voter: string;
  /** The name of a host's member of etcd. */
  member: (host: string) => string;
  /** True if an act ends with a run of the installer, which must restart nothing on the survivor. */
  installerRuns: boolean;
  /** The workload's image, and the label by whose values its pods spread. */
  app: { image: string; spreadBy: string };
  /**
   * Shell that kills etcd and kube-apiserver of a host, starts them again at once, and prints the milliseconds until the API is ready. $1: "both"; or
   * "etcd" or "api", if they are on hosts of their own: then until that one serves
   */
  startAgain: string;
  /** Shell that prints that the old etcd on the host is healthy. */
  oldEtcd: string;
  /** Shell that prints how often the host's kube-apiserver was refused at etcd's address $1; "none asked" if it asks its own etcd alone. */
  oldApi: string;
  /** A host's scripts, so that a drill asks its runtime as the program does. */
  dialect: Dialect;
  /** Seconds within which etcd elects a leader, by its election timeout. */
  electionSeconds: number;
  /** Shell that prints when the process $1, which has ended, was started and when it ended. The same time twice: not since $2. */
  ranFor: string;
  /** True if a host is a Node of the cluster. */
  isNode: (host: { name: string }) => boolean;
  /** True if a host's Node has a role that `kubectl get nodes` shows. */
  hasRole: (host: { name: string }) => boolean;
  /** Runs etcdctl on a host, in its etcd. @param input for a command that reads a value from its standard input */
  etcdctl: (host: string, args: string[], input?: string) => Promise<Result>;
  /** Paths on a host of the certificates with which its etcd may be asked, by clients and by members. */
  etcdClientFiles: (host: string) => Promise<Admin>;
  /** The content of these files. */
  etcdClient: (host: string) => Promise<Admin>;
  /** Names of processes that outlive each act, under this name or another one. */
  lastingProcess: RegExp;
  /** The name by which workers ask the API; undefined if the cluster has none. */
  sharedName: string | undefined;
  /** The script on hosts of etcd by which a job of their own writes snapshots, and a pattern of these; undefined if the cluster has no such job. */
  backups: { script: string; glob: string } | undefined;
  /** @param host a deploy host */
  admin: (host: string) => Promise<Admin>;
}

export function drillCluster(lab: Lab): DrillCluster {
  const { topology } = lab.state();
  const servers = hostsOf(topology).filter(isControlPlane);
  const voter = servers[0]?.name ?? "";
  const read = async (host: string, file: string) => (await must(lab.hostCommand(host, ["cat", file]))).stdout;
  const on = (host: string, argv: string[], input?: string) =>
    lab.execOn(host, argv, input === undefined ? {} : { input });
  const asked = (etcdClientFiles: DrillCluster["etcdClientFiles"]) => ({
    etcdClientFiles,
    etcdClient: async (host: string): Promise<Admin> => {
      const { ca, cert, key } = await etcdClientFiles(host);
      return pemsOf((file) => read(host, file), [ca, cert, key]);
    },
  });
  const installer = installerOf(topology);
  switch (installer) {
    case "rke":
      return {
        servers,
        voter,
        member: (host) => `etcd-${host}`,
        installerRuns: true,
        app: { image: "lab/app", spreadBy: "topology.kubernetes.io/zone" },
        sharedName: undefined,
        backups: undefined,
        dialect: { runtime: "docker", installer: "rke" },
        // RKE's timeout is 5 s: 5 to 10 s
        electionSeconds: 10,
        ranFor: "docker inspect -f '{{.State.StartedAt}} {{.State.FinishedAt}}' \"$1\"",
        isNode: () => true,
        hasRole: () => true,
        startAgain: dockerStartsAgain,
        oldEtcd: "docker exec etcd etcdctl endpoint health 2>&1 | grep -o 'is healthy' || echo 'is not healthy'",
        oldApi: `docker inspect kube-apiserver | grep -q "etcd-servers=.*$1:2379" && docker logs kube-apiserver 2>&1 | grep -c "dial tcp $1:2379: connect: connection refused"`,
        etcdctl: (host, args, input) =>
          on(host, ["docker", "exec", ...(input === undefined ? [] : ["-i"]), "etcd", "etcdctl", ...args], input),
        ...asked(async () => {
          const file = (name: string) => `/etc/kubernetes/ssl/${name}.pem`;
          return { ca: file("kube-ca"), cert: file("kube-node"), key: file("kube-node-key") };
        }),
        // RKE makes containers anew; those that an act has set aside stay
        lastingProcess: /-before-/,
        admin: async (host) => {
          const of = (name: string) => read(host, `/etc/rke-dr/certs/${name}.pem`);
          return { ca: await of("kube-ca"), cert: await of("kube-admin"), key: await of("kube-admin-key") };
        },
      };
    case "kubeadm":
      return {
        servers,
        voter,
        member: (host) => host,
        installerRuns: false,
        // nothing labels a kubeadm cluster's Nodes with their datacenters
        app: { image: "registry.k8s.io/pause:3.10.2", spreadBy: "kubernetes.io/hostname" },
        sharedName: sharedName(topology),
        backups: undefined,
        dialect: { runtime: "static-pod", installer: "kubeadm" },
        // etcd's own timeout is 1 s: 1 to 2 s; a client notices after its own time limit
        electionSeconds: 4,
        // what is kept of a pod is of its last container: that from before the power cut if the kubelet has started none since
        ranFor: `started=$(kept "$1" started)
          if [[ -z $started || $(date -d "$started" +%s) -lt $(date -d "$2" +%s) ]]; then echo "$2 $2"; else echo "$started"; fi`,
        isNode: () => true,
        hasRole: (host) => servers.some((s) => s.name === host.name),
        startAgain: kubeletStartsAgain,
        oldEtcd: `${inPod} etcdctl ${tls} endpoint health 2>&1 | grep -o 'is healthy' || echo 'is not healthy'`,
        oldApi: "echo 'none asked'",
        etcdctl: (host, args, input) => {
          const command = input === undefined ? inPod : inPod.replace("exec -s", "exec -i");
          return on(host, ["bash", "-c", `${command} etcdctl ${tls} "$@" | sed '/^$/d'`, "bash", ...args], input);
        },
        ...asked(async () => ({ ca: `${pki}/ca.crt`, cert: `${pki}/peer.crt`, key: `${pki}/peer.key` })),
        lastingProcess: componentOrAside,
        admin: (host) => adminOf(read(host, "/etc/kubernetes/admin.conf")),
      };
    case "kubespray":
    case "kubekey": {
      const dialect: Dialect = { runtime: "systemd", installer };
      const nodes = new Set(
        hostsOf(topology)
          .filter(({ roles = [] }) => roles.some((role) => role !== "etcd"))
          .map(({ name }) => name),
      );
      const etcd = new Map(hostsOf(topology).map((h) => [h.name, h.etcdUnit?.member ?? h.name]));
      return {
        servers,
        voter: hostsOf(topology).find(hasEtcd)?.name ?? "",
        member: (host) => etcd.get(host) ?? host,
        installerRuns: false,
        // neither of them labels Nodes with their datacenters
        app: { image: "registry.k8s.io/pause:3.10.2", spreadBy: "kubernetes.io/hostname" },
        sharedName: sharedName(topology),
        backups: { script: BACKUP_SCRIPT, glob: `${BACKUP_FOLDER}/*/snapshot.db` },
        dialect,
        // ETCD_ELECTION_TIMEOUT is 5 s: 5 to 10 s
        electionSeconds: 10,
        // what is kept of a unit is of its last start, before the power cut if nothing has started it since
        ranFor: `started=$(kept_of "$1" started)
          if [[ -z $started || $(date -d "$started" +%s) -lt $(date -d "$2" +%s) ]]; then echo "$2 $2"; else echo "$started $(date -u -d "$(kept_of "$1" until)" +%FT%TZ)"; fi`,
        isNode: (host) => nodes.has(host.name),
        hasRole: (host) => servers.some((s) => s.name === host.name),
        startAgain: unitStartsAgain(dialect),
        oldEtcd: `${ofUnit} endpoint health 2>&1 | grep -o 'is healthy' || echo 'is not healthy'`,
        oldApi: `grep -q "etcd-servers=.*$1:2379" /etc/kubernetes/manifests/kube-apiserver.yaml &&
            crictl logs "$(crictl ps -q --name '^kube-apiserver$')" 2>&1 | grep -c "dial tcp $1:2379: connect: connection refused"`,
        etcdctl: (host, args, input) => on(host, ["bash", "-c", `${ofUnit} "$@"`, "bash", ...args], input),
        ...asked(async (host) => {
          const env = await read(host, "/etc/etcd.env");
          const file = (name: string) => new RegExp(`^ETCDCTL_${name}=(\\S+)`, "m").exec(env)?.[1] ?? "";
          return { ca: file("CACERT"), cert: file("CERT"), key: file("KEY") };
        }),
        lastingProcess: componentOrAside,
        admin: (host) => adminOf(read(host, "/etc/kubernetes/admin.conf")),
      };
    }
    case "unit":
      throw new LabError(`--installer ${installer}: has no drill yet`);
    default:
      return installer satisfies never;
  }
}

const sharedName = ({ kubeadm }: LabTopology): string | undefined =>
  String(kubeadm?.controlPlaneEndpoint ?? "").replace(/:\d+$/, "") || undefined;

/** @param names of CA, certificate and key, as `read` takes them */
async function pemsOf(read: (name: string) => Promise<string>, names: [string, string, string]): Promise<Admin> {
  const [ca = "", cert = "", key = ""] = await Promise.all(names.map(read));
  return { ca, cert, key };
}

/** @param reading kubeadm's admin.conf */
async function adminOf(reading: Promise<string>): Promise<Admin> {
  const config = await reading;
  const of = (key: string) =>
    Buffer.from(new RegExp(`${key}-data: (\\S+)`).exec(config)?.[1] ?? "", "base64").toString();
  return { ca: of("certificate-authority"), cert: of("client-certificate"), key: of("client-key") };
}

/** A manifest or a unit is set aside and brought back, but never made anew in its place. */
const componentOrAside = /^(etcd|kube-)/;

/** The functions by which the program's own steps ask a host's runtime. */
export const runtimeScript = (dialect: Dialect): string =>
  `die() { echo "$*" >&2; exit 1; }\n${onHostScript(`runtimes/${dialect.runtime}`, dialect)}\n`;

const inPod = `set -o pipefail; crictl exec -s "$(crictl ps -q --name '^etcd$')"`;
const pki = "/etc/kubernetes/pki/etcd";
const tls = `--cacert=${pki}/ca.crt --cert=${pki}/peer.crt --key=${pki}/peer.key`;

/** The scripts by which etcd is told to elect itself. */
const library = (dialect: Dialect): string => onHostScript("lib/etcd/election", dialect);

const dockerStartsAgain = `${library({ runtime: "docker", installer: "rke" })}
command=$(docker inspect --format '{{json .Config.Cmd}}' etcd)
[[ $command =~ --cert-file=/etc/kubernetes/ssl/([^\\"]+)\\.pem ]] && certificate=\${BASH_REMATCH[1]}
[[ $command =~ --initial-advertise-peer-urls=([^\\"]+) ]] && peer=\${BASH_REMATCH[1]}
docker kill etcd kube-apiserver >/dev/null
from=$(date +%s%3N)
docker start etcd >/dev/null
(for _ in {1..200}; do if campaign "$peer" "$certificate"; then break; fi; sleep 0.05; done) &
docker start kube-apiserver >/dev/null
until curl -sf -o /dev/null --max-time 2 --cacert $ssl/kube-ca.pem --cert $ssl/kube-node.pem --key $ssl/kube-node-key.pem https://127.0.0.1:6443/readyz; do
  sleep 0.1
done
echo "$(($(date +%s%3N) - from))"
`;

/** The kubelet is stopped meanwhile, which is the quickest way that it has; nothing is copied or changed. */
const kubeletStartsAgain = `${library({ runtime: "static-pod", installer: "kubeadm" })}
peer=$(own_peer) api=$(own_api)
systemctl stop kubelet
from=$(date +%s%3N)
crictl stop -t 0 $(crictl ps -q --name '^(etcd|kube-apiserver)$') >/dev/null
systemctl start kubelet
(for _ in {1..400}; do if campaign "$peer" etcd/peer; then break; fi; sleep 0.05; done) &
tls_of "$api_client"
until curl -sf -o /dev/null --max-time 2 --cacert "$tls_ca" --cert "$tls_cert" --key "$tls_key" "$api/readyz"; do sleep 0.1; done
echo "$(($(date +%s%3N) - from))"
`;

/** etcdctl with the settings that kubespray and KubeKey have put for it beside etcd's own. */
const ofUnit = "env $(grep ^ETCDCTL_ /etc/etcd.env) ETCDCTL_API=3 etcdctl";

/** etcd is a unit of its own; the kubelet is stopped meanwhile, as with kubeadm. */
const unitStartsAgain = (dialect: Dialect): string => `${library(dialect)}
part=$1 peer=$(own_peer) api=$(own_api)
if [[ $part != api ]]; then
  systemctl kill -s KILL etcd
  systemctl stop etcd
fi
if [[ $part != etcd ]]; then systemctl stop kubelet; fi
from=$(date +%s%3N)
if [[ $part != etcd ]]; then crictl stop -t 0 $(crictl ps -q --name '^kube-apiserver$') >/dev/null; fi
if [[ $part != api ]]; then
  systemctl start --no-block etcd
  (for _ in {1..400}; do if campaign "$peer" etcd; then break; fi; sleep 0.05; done) &
fi
if [[ $part != etcd ]]; then
  systemctl start kubelet
  tls_of "$api_client"
  until curl -sf -o /dev/null --max-time 2 --cacert "$tls_ca" --cert "$tls_cert" --key "$tls_key" "$api/readyz"; do sleep 0.1; done
else
  until systemctl is-active -q etcd; do sleep 0.05; done
fi
echo "$(($(date +%s%3N) - from))"
`;
