import type { Mapping } from "../values/mapping";
import type { RawDatacenter } from "./datacenters";
import { type Findings, isEmpty, take } from "./reading";

/**
 * Etcd that runs outside of RKE (services.etcd.external_urls), as the second seed left it: if it runs on hosts of the
 * cluster they become voters. Elsewhere it can't be carried over, since a failover works on the hosts of its voters.
 */
export function carryExternalEtcd(etcd: Mapping, datacenters: RawDatacenter[], found: Findings): void {
  const urls = take(etcd, "external_urls");
  const client = ["ca_cert", "cert", "key", "path"].map((key) => [key, take(etcd, key)] as const);
  if (isEmpty(urls)) {
    return;
  }
  const hosts = datacenters.flatMap((dc) => dc.hosts);
  const listed = Array.isArray(urls) ? urls.map(String) : [];
  const members = listed.map((url) => ({ url, host: hosts.find((h) => isOf(h, url)) }));
  const strange = members.filter((m) => !m.host).map((m) => m.url);
  if (strange.length > 0 || listed.length === 0) {
    found.errors.push(
      `services.etcd.external_urls: only an etcd on hosts of cluster.yml, at port 2379, can be carried over: ${JSON.stringify(strange.length > 0 ? strange : urls)}`,
    );
  }
  const path = client.find(([key]) => key === "path")?.[1];
  if (!isEmpty(path) && path !== "/registry" && path !== "registry") {
    found.errors.push(
      `services.etcd.path: is not /registry, where RKE keeps the API's objects: ${JSON.stringify(path)}`,
    );
  }
  const names = members.flatMap(({ host }) => (host ? [makeVoter(host)] : []));
  const left = client.filter(([key, value]) => key !== "path" && !isEmpty(value)).map(([key]) => key);
  found.notes.push(
    `services.etcd.external_urls: left out. ${names.join(", ")} became voters, which RKE manages from then on: etcd's and kube-apiserver's arguments change, and RKE refuses until its old state file is set aside${left.length > 0 ? ` (${left.join(", ")} are left out, too: RKE issues its own)` : ""}`,
  );
}

function isOf(host: Mapping, url: string): boolean {
  return [host.address, host.internalAddress].some((a) => typeof a === "string" && url === `https://${a}:2379`);
}

function makeVoter(host: Mapping): string {
  const roles = Array.isArray(host.roles) ? host.roles : [];
  host.roles = roles.includes("etcd") ? roles : [...roles, "etcd"];
  return String(host.name);
}
