import type { Mapping } from "../values/mapping";
import { type Findings, isEmpty, take } from "./reading";

/**
 * Refuses etcd that runs outside of RKE (services.etcd.external_urls), on hosts of cluster.yml or elsewhere: RKE neither starts it nor
 * knows its data, certificates and arguments, which a failover would need. RKE's keys for its client go with it.
 */
export function refuseExternalEtcd(etcd: Mapping, found: Findings): void {
  const urls = take(etcd, "external_urls");
  for (const key of ["ca_cert", "cert", "key", "path"]) take(etcd, key);
  if (isEmpty(urls)) return;
  found.errors.push(
    `services.etcd.external_urls: an etcd that RKE doesn't run can't be recovered by this program: back it up by its own means, or move the cluster's data into an etcd that RKE runs (role etcd) and import that cluster.yml: ${JSON.stringify(urls)}`,
  );
}
