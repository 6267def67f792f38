/** Names of arguments that this program decides on, or that would move etcd's data to a folder that it doesn't know. */
export const reservedArguments = {
  etcd: /^(name|data-dir|wal-dir|force-new-cluster|initial-.*|listen-(client|peer|client-http)-urls|advertise-.*|.*-file)$/,
  kubeApi: /^(etcd-servers|advertise-address)$/,
} as const;
