import { peerUrl as urlOf } from "../../installers/kubeadm/configuration";
import { argument, type Process } from "../../runtimes/process";
import { type EtcdUnit, joinedFlags, processOf } from "../../runtimes/systemd/systemd";
import type { Host, Topology } from "../../topology/topology";
import { plainIp } from "../../values/addresses";

/** The words in braces for which a host's own value stands in `etcdUnit`. */
export const placeholders = ["host", "member", "address", "members"] as const;
type Placeholder = (typeof placeholders)[number];

/** The part of a topology or a site that etcd's unit follows from. */
export type DeclaredUnit = Pick<Topology, "etcdUnit" | "cluster">;

/** The name of a host's member of etcd, ETCD_NAME. */
export const memberName = (host: Host): string => host.etcdUnit?.member ?? host.name;

export const peerUrl = (host: Host): string => urlOf(plainIp(host.internalAddress));

/** `--initial-cluster` of these members. */
export const initialCluster = (members: Host[]): string =>
  members.map((h) => `${memberName(h)}=${peerUrl(h)}`).join(",");

/** The values of the words in braces, on a host, among these members of etcd. */
export function valuesOn(host: Host, members: Host[]): Record<Placeholder, string> {
  const address = plainIp(host.internalAddress);
  return {
    host: host.name,
    member: memberName(host),
    address: address.includes(":") ? `[${address}]` : address,
    members: initialCluster(members),
  };
}

const filled = (text: string, values: Record<Placeholder, string>): string =>
  text.replace(/\{(\w+)\}/g, (whole, word: string) =>
    placeholders.some((p) => p === word) ? values[word as Placeholder] : whole,
  );

/** Words in braces that are none of the known ones. */
export const unknownPlaceholders = (text: string): string[] =>
  [...text.matchAll(/\{(\w+)\}/g)].flatMap(([, word = ""]) => (placeholders.some((p) => p === word) ? [] : [word]));

/** etcd's unit on a host, as the topology declares it, among these members of etcd. */
export function unitOn({ etcdUnit, cluster }: DeclaredUnit, host: Host, members: Host[]): EtcdUnit {
  if (!etcdUnit) {
    throw new Error(`cluster ${cluster} has an etcd that is no unit of systemd`);
  }
  const own = host.etcdUnit;
  const values = valuesOn(host, members);
  return {
    program: etcdUnit.program,
    arguments: joinedFlags(own?.arguments ?? etcdUnit.arguments).map((text) => filled(text, values)),
    envFile: etcdUnit.envFile,
    env: filled(own?.env ?? etcdUnit.env, values),
    unit: filled(etcdUnit.unit ?? "", values),
    user: etcdUnit.user === "root" ? undefined : etcdUnit.user,
  };
}

/** etcd on a host as the topology declares it. */
export const plannedOn = (declared: DeclaredUnit, host: Host, members: Host[]): Process =>
  processOf("etcd", unitOn(declared, host, members));

/** A setting of etcd on a host, whichever way it is given; undefined if etcd's default holds. */
export const settingOn = (declared: DeclaredUnit, host: Host, flag: string): string | undefined =>
  argument(plannedOn(declared, host, [host]).cmd, flag);
