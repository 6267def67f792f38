/** An operator's Pulumi.yaml that lacks hosts. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseDocument, type YAMLMap, type YAMLSeq } from "yaml";
import type { Workspace } from "../../lab/operator/project";

/** @throws Error for a host that the file doesn't have */
export function withoutHosts({ project }: Workspace, ...names: string[]): void {
  const file = join(project, "Pulumi.yaml");
  const document = parseDocument(readFileSync(file, "utf8"));
  const datacenters = document.getIn(["config", "topology", "value", "datacenters"]) as YAMLSeq<YAMLMap>;
  let taken = 0;
  for (const datacenter of datacenters.items) {
    const hosts = datacenter.get("hosts") as YAMLSeq<YAMLMap>;
    const left = hosts.items.filter((host) => !names.includes(String(host.get("name"))));
    taken += hosts.items.length - left.length;
    hosts.items = left;
  }
  if (taken !== names.length) throw new Error(`Pulumi.yaml: must have ${names.join(", ")}`);
  writeFileSync(file, document.toString({ lineWidth: 0 }));
}
