/**
 * The settings of etcd that an installer writes if nothing in its inventory says otherwise: names, values and their order. Comments and empty
 * lines are each release's own; the file on a host has them.
 */
const tls = (certificate: string): [string, string][] => [
  ["ETCD_TRUSTED_CA_FILE", "/etc/ssl/etcd/ssl/ca.pem"],
  ["ETCD_CERT_FILE", `/etc/ssl/etcd/ssl/${certificate}.pem`],
  ["ETCD_KEY_FILE", `/etc/ssl/etcd/ssl/${certificate}-key.pem`],
  ["ETCD_CLIENT_CERT_AUTH", "true"],
  ["ETCD_PEER_TRUSTED_CA_FILE", "/etc/ssl/etcd/ssl/ca.pem"],
  ["ETCD_PEER_CERT_FILE", `/etc/ssl/etcd/ssl/${certificate}.pem`],
  ["ETCD_PEER_KEY_FILE", `/etc/ssl/etcd/ssl/${certificate}-key.pem`],
  ["ETCD_PEER_CLIENT_CERT_AUTH", "true"],
];
const client: [string, string][] = [
  ["ETCDCTL_ENDPOINTS", "https://127.0.0.1:2379"],
  ["ETCDCTL_CACERT", "/etc/ssl/etcd/ssl/ca.pem"],
  ["ETCDCTL_KEY", "/etc/ssl/etcd/ssl/admin-{host}-key.pem"],
  ["ETCDCTL_CERT", "/etc/ssl/etcd/ssl/admin-{host}.pem"],
];
const urls = {
  clients: ["ETCD_ADVERTISE_CLIENT_URLS", "https://{address}:2379"],
  peers: ["ETCD_INITIAL_ADVERTISE_PEER_URLS", "https://{address}:2380"],
  listenClients: ["ETCD_LISTEN_CLIENT_URLS", "https://{address}:2379,https://127.0.0.1:2379"],
  listenPeers: ["ETCD_LISTEN_PEER_URLS", "https://{address}:2380"],
} satisfies Record<string, [string, string]>;

/** Read in kubespray's roles/etcd and roles/etcd_defaults (2026-08), and in KubeKey's branch 3.x, cmd/kk/pkg/etcd. */
const known: Record<"kubespray" | "kubekey", [string, string][]> = {
  kubespray: [
    ["ETCD_DATA_DIR", "/var/lib/etcd"],
    urls.clients,
    urls.peers,
    ["ETCD_INITIAL_CLUSTER_STATE", "existing"],
    ["ETCD_METRICS", "basic"],
    urls.listenClients,
    ["ETCD_ELECTION_TIMEOUT", "5000"],
    ["ETCD_HEARTBEAT_INTERVAL", "250"],
    ["ETCD_INITIAL_CLUSTER_TOKEN", "k8s_etcd"],
    urls.listenPeers,
    ["ETCD_NAME", "{member}"],
    ["ETCD_PROXY", "off"],
    ["ETCD_INITIAL_CLUSTER", "{members}"],
    ["ETCD_AUTO_COMPACTION_RETENTION", "8"],
    ["ETCD_SNAPSHOT_COUNT", "100000"],
    ["ETCD_QUOTA_BACKEND_BYTES", "2147483648"],
    ["ETCD_MAX_REQUEST_BYTES", "1572864"],
    ["ETCD_LOG_LEVEL", "info"],
    ["ETCD_MAX_SNAPSHOTS", "5"],
    ["ETCD_MAX_WALS", "5"],
    ...tls("member-{host}").map(([name, value]): [string, string] => [
      name,
      name === "ETCD_PEER_CLIENT_CERT_AUTH" ? "True" : value,
    ]),
    ...client,
    ["ETCD_EXPERIMENTAL_INITIAL_CORRUPT_CHECK", "True"],
    ["ETCD_EXPERIMENTAL_WATCH_PROGRESS_NOTIFY_INTERVAL", "5s"],
  ],
  kubekey: [
    ["ETCD_DATA_DIR", "/var/lib/etcd"],
    urls.clients,
    urls.peers,
    ["ETCD_INITIAL_CLUSTER_STATE", "existing"],
    ["ETCD_METRICS", "basic"],
    urls.listenClients,
    ["ETCD_INITIAL_CLUSTER_TOKEN", "k8s_etcd"],
    urls.listenPeers,
    ["ETCD_NAME", "{member}"],
    ["ETCD_PROXY", "off"],
    ["ETCD_ENABLE_V2", "true"],
    ["ETCD_INITIAL_CLUSTER", "{members}"],
    ["ETCD_ELECTION_TIMEOUT", "5000"],
    ["ETCD_HEARTBEAT_INTERVAL", "250"],
    ["ETCD_AUTO_COMPACTION_RETENTION", "8"],
    ["ETCD_SNAPSHOT_COUNT", "10000"],
    ...tls("member-{host}"),
    ...client,
  ],
};

/** etcd's file of settings as the installer would write it today, without its comments. */
export const usualSettings = (installer: "kubespray" | "kubekey"): string =>
  known[installer].map(([name, value]) => `${name}=${value}\n`).join("");
