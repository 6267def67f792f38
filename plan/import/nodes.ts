import { isDns1123, isDnsName, isIpv4 } from "../values/addresses";
import type { Mapping } from "../values/mapping";
import type { Findings } from "./reading";

/** RKE names a host by its address if it has no name, and in small letters (cluster/defaults.go). */
export const nameOf = (node: Mapping): string => String(node.hostname_override || node.address || "").toLowerCase();

/** The name of each node in messages: cluster.yml's; if several nodes share it, the node's number as RKE counts. */
export function labelsOf(nodes: Mapping[]): string[] {
  const given = nodes.map((node) => String(node.hostname_override || node.address || ""));
  const isOne = (name: string) => given.filter((other) => other === name).length === 1;
  return given.map((name, i) => (name === "" ? `number ${i + 1}` : isOne(name) ? name : `number ${i + 1} (${name})`));
}

const roles = ["controlplane", "etcd", "worker"];

/**
 * Tells what makes a node unusable, a line for each mistake, and nothing that only follows from it.
 * @returns the nodes without a mistake
 */
export function usableNodes(nodes: Mapping[], found: Findings): Mapping[] {
  const labels = labelsOf(nodes);
  return nodes.filter((node, i) => {
    const problems = nodeProblems(node, nodes);
    found.errors.push(...problems.map((problem) => `nodes ${labels[i]}.${problem}`));
    return problems.length === 0;
  });
}

function nodeProblems(node: Mapping, nodes: Mapping[]): string[] {
  const { address = "", hostname_override: given = "", role = [], internal_address: internal = "", port = "" } = node;
  const isHost = (text: unknown) => isIpv4(String(text)) || isDnsName(String(text));
  const own = address === "" ? "is missing: nothing" : isHost(address) ? undefined : notAnAddress(address);
  const twice = own === undefined && nodes.filter((n) => n.address === address).length > 1;
  const sameName = given !== "" && nodes.filter((n) => nameOf(n) === nameOf(node)).length > 1;
  const said = Array.isArray(role) ? role.map(String) : [];
  const words = said.filter((word) => !roles.includes(word));
  const listed = ["controlplane", "etcd"].filter((plane) => said.filter((word) => word === plane).length > 1);
  return [
    ...(own === undefined ? [] : [`address: ${own}`]),
    ...(twice ? [`address: is another node's, too: ${JSON.stringify(address)}`] : []),
    ...(given === "" || isDns1123(String(given).toLowerCase())
      ? []
      : [`hostname_override: is not a DNS-1123 name: ${JSON.stringify(given)}`]),
    ...(sameName && !twice ? [`hostname_override: is another node's, too: ${JSON.stringify(given)}`] : []),
    ...(internal === "" || isHost(internal) ? [] : [`internal_address: ${notAnAddress(internal)}`]),
    ...(Array.isArray(role) && role.length > 0
      ? []
      : ["role: is missing (controlplane, etcd, worker), RKE refuses it as well: nothing"]),
    ...words.map((word) => `role: is none of controlplane, etcd, worker: ${JSON.stringify(word)}`),
    // RKE lists such a host once more for each repetition (cluster/hosts.go InvertIndexHosts)
    ...listed.map(
      (plane) =>
        `role: names ${plane} twice, and RKE lists the host twice in etcd's arguments: write it once: ${JSON.stringify(role)}`,
    ),
    ...(isPort(port) ? [] : [`port: is not a port: ${JSON.stringify(port)}`]),
  ];
}

const notAnAddress = (value: unknown): string => `is neither an IPv4 address nor a DNS name: ${JSON.stringify(value)}`;

const isPort = (value: unknown): boolean =>
  value === "" || (/^\d{1,5}$/.test(String(value)) && Number(value) >= 1 && Number(value) <= 65535);
