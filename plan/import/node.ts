import { type Mapping, mapping } from "../values/mapping";
import { nameOf } from "./nodes";
import { type Findings, isEmpty, take } from "./reading";

/** The label that every rendered cluster.yml gives its nodes, with the datacenter's name. */
export const zone = "topology.kubernetes.io/zone";

/** One node of cluster.yml as a host of a topology. */
export function importNode(node: Mapping, datacenter: string, ssh: Mapping | undefined, found: Findings): Mapping {
  const name = nameOf(node);
  const rest = structuredClone(node);
  const address = take(rest, "address");
  const internalAddress = take(rest, "internal_address");
  const said = take(rest, "role");
  // worker twice is the same as once; of the other roles `usableNodes` says it
  const roles = Array.isArray(said) ? [...new Set(said)] : said;
  const labels = mapping(take(rest, "labels"));
  const taints = take(rest, "taints");
  // read for all nodes together, or said by the host's name
  for (const key of ["hostname_override", "user", "port", "nodeName", "ssh_key_path"]) {
    take(rest, key);
  }
  if (labels[zone] === datacenter) {
    delete labels[zone];
  }
  // /var/run is /run wherever systemd runs
  if (rest.docker_socket === "/var/run/docker.sock" || rest.docker_socket === "/run/docker.sock") {
    take(rest, "docker_socket");
  }
  for (const [key, value] of Object.entries(rest)) {
    leftOver(name, key, value, found);
  }
  return {
    name,
    address,
    ...(isEmpty(internalAddress) || internalAddress === address ? {} : { internalAddress }),
    roles,
    ...(Object.keys(labels).length > 0 ? { labels } : {}),
    ...(Array.isArray(taints) && taints.length > 0
      ? { taints: taints.map((t, i) => taint(t, `${name}.taints[${i}]`, found)) }
      : {}),
    ...(ssh === undefined ? {} : { ssh }),
    hostKey: "unpinned",
  };
}

/** RKE itself gives a taint no time (cluster/reconcile.go compares keys, values and effects). */
function taint(value: unknown, item: string, found: Findings): Mapping {
  const { timeAdded, ...others } = mapping(value);
  if (!isEmpty(timeAdded)) {
    found.notes.push(`${item}.timeAdded: left out (${JSON.stringify(timeAdded)}), Kubernetes sets it`);
  }
  return others;
}

/** Settings that a topology has for all hosts, or not at all. */
function leftOver(name: string, key: string, value: unknown, found: Findings): void {
  if (isEmpty(value)) {
    return;
  }
  switch (key) {
    case "ssh_key":
    case "ssh_cert":
      found.notes.push(`${name}.${key}: left out; deploy hosts get keys of their own`);
      return;
    case "ssh_cert_path":
    case "ssh_agent_auth":
      found.notes.push(
        `${name}.${key}: left out (${JSON.stringify(value)}); the operator's key is ssh.keyPath, one for all hosts`,
      );
      return;
    default:
      found.errors.push(`nodes ${name}.${key}: a topology has no place for it: ${JSON.stringify(value)}`);
  }
}
