import { isMapping, type Mapping } from "../values/mapping";
import { type Findings, isEmpty, part, take, textOf } from "./reading";

/** The label that every rendered cluster.yml gives its nodes, with the datacenter's name. */
export const zone = "topology.kubernetes.io/zone";

/** One node of cluster.yml as a host of a topology. */
export function importNode(node: Mapping, name: string, datacenter: string, found: Findings): Mapping {
  const rest = structuredClone(node);
  const address = take(rest, "address");
  const internalAddress = take(rest, "internal_address");
  const roles = take(rest, "role");
  const labels = part(take(rest, "labels"), `nodes ${name}.labels`, found);
  const taints = take(rest, "taints");
  // read for all nodes together, or said by the host's name
  for (const key of ["hostname_override", "user", "port", "nodeName", "ssh_key_path"]) {
    take(rest, key);
  }
  if (labels[zone] === datacenter) {
    delete labels[zone];
  }
  if (rest.docker_socket === "/var/run/docker.sock") {
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
    ...(Object.keys(labels).length > 0
      ? { labels: Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, textOf(value)])) }
      : {}),
    ...(!isEmpty(taints) ? { taints: Array.isArray(taints) ? taints.map(taint) : taints } : {}),
    hostKey: "unpinned",
  };
}

/** A taint's value may be missing in cluster.yml, and YAML may have read a number. */
function taint(value: unknown): unknown {
  if (!isMapping(value)) {
    return value;
  }
  const { key, effect, value: text, ...others } = value;
  return { key, ...(text === undefined || text === null ? {} : { value: textOf(text) }), effect, ...others };
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
