import assert from "node:assert/strict";
import { type Document, parseDocument, type YAMLMap, type YAMLSeq } from "yaml";

type Change = (text: string) => string;

/** A reviewed change in git: Pulumi.yaml with its hosts' entries changed. */
const edited =
  (change: (datacenter: YAMLMap, hosts: YAMLSeq<YAMLMap>) => void): Change =>
  (text) => {
    const document: Document = parseDocument(text);
    const datacenters = document.getIn(["config", "topology", "value", "datacenters"]) as YAMLSeq<YAMLMap>;
    const before = JSON.stringify(document);
    for (const datacenter of datacenters.items) change(datacenter, datacenter.get("hosts") as YAMLSeq<YAMLMap>);
    // a host's name that isn't there would change nothing
    assert.notEqual(JSON.stringify(document), before);
    return document.toString({ lineWidth: 0 });
  };

/** The hosts are in the topology no more. */
export const without = (...names: string[]): Change =>
  edited((_, hosts) => {
    hosts.items = hosts.items.filter((h) => !names.includes(String(h.get("name"))));
  });

/** The host has another address. */
export const at = (name: string, address: string): Change =>
  edited((_, hosts) => {
    hosts.items.find((h) => h.get("name") === name)?.set("address", address);
  });

/** Other hardware takes the host's name: that of a spare host, with its address and its host key. */
export const onHardwareOf = (name: string, spare: string): Change =>
  edited((_, hosts) => {
    const other = hosts.items.find((h) => h.get("name") === spare);
    if (!other) return;
    const host = hosts.items.find((h) => h.get("name") === name);
    for (const key of ["address", "hostKey"]) host?.set(key, other.get(key));
    hosts.items = hosts.items.filter((h) => h !== other);
  });

/** The host has this part in etcd, besides its other roles. */
export const partInEtcd = (name: string, part: "voter" | "learner"): Change =>
  edited((_, hosts) => {
    const host = hosts.items.find((h) => h.get("name") === name);
    if (!host) return;
    const roles = (host.toJSON() as { roles: string[] }).roles.filter((role) => role !== "etcd");
    host.set("roles", part === "voter" ? [...roles, "etcd"] : roles);
    if (part === "learner") host.set("etcd", "learner");
    else host.delete("etcd");
  });

/** The datacenter deploys from another host. */
export const deployedFrom = (name: string, host: string): Change =>
  edited((datacenter) => {
    if (datacenter.get("name") === name) datacenter.set("deployHost", host);
  });

/** Hosts that stand ready in the lab: a third one for the control plane in a, a second worker in b. */
export const withSpares: Change = edited((datacenter, hosts) => {
  const isA = datacenter.get("name") === "a";
  const copy = hosts.items.find((h) => h.get("name") === (isA ? "master2" : "node2"))?.clone() as YAMLMap;
  copy.set("name", isA ? "master4" : "node3");
  copy.set("address", isA ? "192.168.31.106" : "192.168.31.107");
  hosts.add(copy);
});
