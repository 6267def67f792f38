/** etcd as a unit of systemd: its files as kubespray, KubeKey and people make them. */
import { hasEtcd, hostsOf, isControlPlane, type LabHost, type LabInstaller, type LabTopology } from "../state/topology";
import { addressOf } from "./kubeadm-configuration";

/** The installers whose etcd is a unit. */
export type UnitInstaller = Extract<LabInstaller, "kubespray" | "kubekey" | "unit">;

/** A certificate that etcd's CA has signed, for server and client, by the paths of its two files. */
export interface EtcdCertificate {
  certificate: string;
  key: string;
}

interface Flavor {
  /** The user who runs etcd and owns its files. */
  user: "etcd" | "root";
  memberName(host: LabHost, number: number): string;
  token: string;
  /** Further settings behind those that every etcd has. */
  settings: Record<string, string>;
  service: string[];
  ca: EtcdCertificate;
  /** Both server and peer, as each of these installers has it. */
  member(host: string): EtcdCertificate;
  /** The kube-apiserver's, as a client; {host} is the control plane host's own name. */
  client: EtcdCertificate;
}

const SSL = "/etc/ssl/etcd/ssl";
const pem = (name: string) => ({ certificate: `${SSL}/${name}.pem`, key: `${SSL}/${name}-key.pem` });
const crt = (folder: string, name: string) => ({ certificate: `${folder}/${name}.crt`, key: `${folder}/${name}.key` });

export const flavors: Record<UnitInstaller, Flavor> = {
  // kubespray roles/etcd: etcd.env.j2, etcd-host.service.j2, make-ssl-etcd.sh.j2
  kubespray: {
    user: "etcd",
    memberName: (_host, number) => `etcd${number}`,
    token: "k8s_etcd",
    settings: {
      ETCD_METRICS: "basic",
      ETCD_ELECTION_TIMEOUT: "5000",
      ETCD_HEARTBEAT_INTERVAL: "250",
      ETCD_AUTO_COMPACTION_RETENTION: "8",
      ETCD_SNAPSHOT_COUNT: "10000",
    },
    service: [],
    ca: pem("ca"),
    member: (host) => pem(`member-${host}`),
    client: pem("node-{host}"),
  },
  // KubeKey builtin/core/roles/etcd/install: etcd.env, etcd.service
  kubekey: {
    user: "root",
    memberName: (host) => host.name,
    token: "k8s_etcd",
    settings: {
      ETCD_ELECTION_TIMEOUT: "5000",
      ETCD_HEARTBEAT_INTERVAL: "250",
      ETCD_AUTO_COMPACTION_RETENTION: "8",
      ETCD_SNAPSHOT_COUNT: "10000",
      ETCDCTL_ENDPOINTS: "https://127.0.0.1:2379",
      ETCDCTL_CACERT: `${SSL}/ca.crt`,
      ETCDCTL_CERT: `${SSL}/server.crt`,
      ETCDCTL_KEY: `${SSL}/server.key`,
    },
    service: ["Nice=-20", "OOMScoreAdjust=-1000", "TimeoutStartSec=10min"],
    ca: crt(SSL, "ca"),
    member: () => crt(SSL, "server"),
    client: crt("/etc/kubernetes/pki/etcd", "client"),
  },
  unit: {
    user: "etcd",
    memberName: (host) => host.name,
    token: "etcd-cluster",
    settings: {},
    service: [],
    ca: crt("/etc/etcd/pki", "ca"),
    member: () => crt("/etc/etcd/pki", "server"),
    client: crt("/etc/etcd/pki", "client"),
  },
};

/** Hosts of etcd in the topology's order; of a topology without roles, all. */
export function etcdHosts(topology: LabTopology): LabHost[] {
  const named = hostsOf(topology).filter(hasEtcd);
  return named.length > 0 ? named : hostsOf(topology);
}

export const clientUrls = (topology: LabTopology): string[] =>
  etcdHosts(topology).map((host) => `https://${addressOf(host)}:2379`);

/** The name of a host's member of etcd. */
export function memberOf(installer: UnitInstaller, topology: LabTopology, host: LabHost): string {
  const number = etcdHosts(topology).findIndex(({ name }) => name === host.name) + 1;
  if (topology.etcdUnit) return host.etcdUnit?.member ?? host.name;
  return flavors[installer].memberName(host, number);
}

/** /etc/etcd.env of a host: the topology's, or as the installer writes it. */
export function etcdEnvironment(installer: UnitInstaller, topology: LabTopology, host: LabHost): string {
  const address = addressOf(host);
  const name = memberOf(installer, topology, host);
  const cluster = etcdHosts(topology)
    .map((other) => `${memberOf(installer, topology, other)}=https://${addressOf(other)}:2380`)
    .join(",");
  if (topology.etcdUnit) {
    const values: Record<string, string> = { host: host.name, member: name, address, members: cluster };
    const text = host.etcdUnit?.env ?? topology.etcdUnit.env;
    return text.replace(/\{(\w+)\}/g, (whole, word: string) => values[word] ?? whole);
  }
  const { token, settings, ca, member } = flavors[installer];
  const own = member(host.name);
  const of = (prefix: string) => Object.fromEntries(Object.entries(settings).filter(([key]) => key.startsWith(prefix)));
  return [
    "# Environment file for etcd",
    ...lines({
      ETCD_DATA_DIR: "/var/lib/etcd",
      ETCD_ADVERTISE_CLIENT_URLS: `https://${address}:2379`,
      ETCD_INITIAL_ADVERTISE_PEER_URLS: `https://${address}:2380`,
      ETCD_INITIAL_CLUSTER_STATE: "new",
      ETCD_INITIAL_CLUSTER_TOKEN: token,
      ETCD_LISTEN_CLIENT_URLS: `https://${address}:2379,https://127.0.0.1:2379`,
      ETCD_LISTEN_PEER_URLS: `https://${address}:2380`,
      ETCD_NAME: name,
      ETCD_INITIAL_CLUSTER: cluster,
      ...of("ETCD_"),
    }),
    "",
    "# TLS settings",
    ...lines({
      ETCD_TRUSTED_CA_FILE: ca.certificate,
      ETCD_CERT_FILE: own.certificate,
      ETCD_KEY_FILE: own.key,
      ETCD_CLIENT_CERT_AUTH: "true",
      ETCD_PEER_TRUSTED_CA_FILE: ca.certificate,
      ETCD_PEER_CERT_FILE: own.certificate,
      ETCD_PEER_KEY_FILE: own.key,
      ETCD_PEER_CLIENT_CERT_AUTH: "true",
    }),
    ...lines(of("ETCDCTL_")),
    "",
  ].join("\n");
}

/** The value of a setting in a file of them; "" without one. */
export const settingOf = (environment: string, name: string): string =>
  [...environment.matchAll(new RegExp(`^${name}=(.*)$`, "gm"))].at(-1)?.[1]?.replace(/^["'](.*)["']$/, "$1") ?? "";

/** The files by which a kube-apiserver asks etcd; {host}, if there, is its host's own name. */
export function externalFiles(installer: UnitInstaller, topology: LabTopology) {
  const { etcd } = (topology.kubeadm ?? {}) as { etcd?: { external?: Record<string, unknown> } };
  const { ca, client } = flavors[installer];
  const given = (key: string, own: string) => String(etcd?.external?.[key] ?? own);
  return {
    caFile: given("caFile", ca.certificate),
    certFile: given("certFile", client.certificate),
    keyFile: given("keyFile", client.key),
  };
}

/** What a host must have: the CA's file, and certificates; those that bear a host's name are on every host, as kubespray spreads them. */
export function certificatesOn(
  installer: UnitInstaller,
  topology: LabTopology,
  host: LabHost,
): { ca: string[]; leaves: EtcdCertificate[] } {
  const asks = hostsOf(topology).filter(isControlPlane);
  const stores = etcdHosts(topology);
  const { caFile, certFile, keyFile } = externalFiles(installer, topology);
  const ofClient = ({ name }: LabHost) => ({
    certificate: certFile.replaceAll("{host}", name),
    key: keyFile.replaceAll("{host}", name),
  });
  const ofStore = (store: LabHost) => {
    const env = etcdEnvironment(installer, topology, store);
    const pair = (certificate: string, key: string) => ({
      certificate: settingOf(env, certificate),
      key: settingOf(env, key),
    });
    return [
      pair("ETCD_CERT_FILE", "ETCD_KEY_FILE"),
      pair("ETCD_PEER_CERT_FILE", "ETCD_PEER_KEY_FILE"),
      pair("ETCDCTL_CERT", "ETCDCTL_KEY"),
    ].filter(({ certificate }) => certificate !== "");
  };
  const isStore = stores.includes(host);
  const all = [
    ...(isStore ? ofStore(host) : []),
    ...(asks.includes(host) || installer === "unit" ? [ofClient(host)] : []),
    ...asks.map(ofClient),
    ...(isStore ? stores.flatMap(ofStore) : []),
  ];
  const env = isStore ? etcdEnvironment(installer, topology, host) : "";
  const ca = [settingOf(env, "ETCD_TRUSTED_CA_FILE"), settingOf(env, "ETCD_PEER_TRUSTED_CA_FILE"), caFile];
  return {
    ca: [...new Set(ca)].filter((path) => path !== ""),
    leaves: all.filter(({ certificate }, i) => all.findIndex((other) => other.certificate === certificate) === i),
  };
}

const lines = (settings: Record<string, string>): string[] =>
  Object.entries(settings).map(([name, value]) => `${name}=${value}`);

/** The user who runs etcd. */
export const userOf = (installer: UnitInstaller, { etcdUnit }: LabTopology): string =>
  etcdUnit ? (etcdUnit.user ?? "root") : flavors[installer].user;

/** /etc/systemd/system/etcd.service: the topology's, or as the installer writes it. */
export const etcdService = (installer: UnitInstaller, topology: LabTopology): string =>
  topology.etcdUnit?.unit ??
  [
    "[Unit]",
    "Description=etcd",
    "After=network.target",
    "",
    "[Service]",
    "Type=notify",
    `User=${flavors[installer].user}`,
    "EnvironmentFile=/etc/etcd.env",
    "ExecStart=/usr/local/bin/etcd",
    "NotifyAccess=all",
    "Restart=always",
    "RestartSec=10s",
    "LimitNOFILE=40000",
    ...flavors[installer].service,
    "",
    "[Install]",
    "WantedBy=multi-user.target",
    "",
  ].join("\n");

export const BACKUP_SCRIPT = "/usr/local/bin/kube-scripts/etcd-backup.sh";
export const BACKUP_FOLDER = "/var/backups/kube_etcd";

/**
 * A script that takes a snapshot, as such scripts are: a folder by the time for each, endpoints and certificates written down in it, and no
 * word about a failure.
 */
export function backupScript(environment: string, host: LabHost): string {
  const of = (name: string) => settingOf(environment, name);
  return [
    "#!/bin/sh",
    `folder=${BACKUP_FOLDER}/etcd-$(date +%Y-%m-%d-%H-%M-%S)`,
    'mkdir -p "$folder"',
    `export ETCDCTL_API=3`,
    `/usr/local/bin/etcdctl --endpoints=https://${addressOf(host)}:2379 --cacert=${of("ETCD_TRUSTED_CA_FILE")} --cert=${of("ETCD_CERT_FILE")} --key=${of("ETCD_KEY_FILE")} \\`,
    '  snapshot save "$folder/snapshot.db" >/dev/null 2>&1',
    // the newest ten stay
    `cd ${BACKUP_FOLDER} && ls -1r | tail -n +11 | xargs -r rm -rf`,
    "",
  ].join("\n");
}

/** What starts that script: root's crontab with KubeKey, a timer with the others. */
export const backupSchedule = (installer: UnitInstaller): Record<string, string> =>
  installer === "kubekey"
    ? { "/var/spool/cron/crontabs/root": `*/30 * * * * sh ${BACKUP_SCRIPT}\n` }
    : {
        "/etc/systemd/system/etcd-backup.service": `[Unit]\nDescription=Snapshot of etcd\n\n[Service]\nType=oneshot\nExecStart=/bin/sh ${BACKUP_SCRIPT}\n`,
        "/etc/systemd/system/etcd-backup.timer":
          "[Unit]\nDescription=Snapshots of etcd\n\n[Timer]\nOnCalendar=*:0/30\n\n[Install]\nWantedBy=timers.target\n",
      };
