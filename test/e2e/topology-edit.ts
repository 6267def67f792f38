import { type Document, parseDocument, type YAMLMap, type YAMLSeq } from "yaml";

type Change = (text: string) => string;

/** A reviewed change in git: Pulumi.yaml with its hosts' entries changed. */
const edited =
  (change: (datacenter: YAMLMap, hosts: YAMLSeq<YAMLMap>) => void): Change =>
  (text) => {
    const document: Document = parseDocument(text);
    const datacenters = document.getIn(["config", "topology", "value", "datacenters"]) as YAMLSeq<YAMLMap>;
    for (const datacenter of datacenters.items) change(datacenter, datacenter.get("hosts") as YAMLSeq<YAMLMap>);
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
