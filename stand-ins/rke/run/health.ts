/** Health of services and of etcd, asked on the host itself through its tunnel. */
import type { Host } from "../hosts";
import type { ClientCertificate } from "../io/world";
import type { Process } from "../plan/process";
import { dockerOf, linkOf, messageOf, type Run, waitUpTo } from "./run";

const SERVICE_LIMIT_MS = 50_000;
const ETCD_TRIES = 18;
const INTERVAL_MS = 5000;

export function clientCertificate(run: Pick<Run, "cluster">, name: string): ClientCertificate {
  const entry = run.cluster.certificates[name];
  return { cert: entry?.certificatePEM ?? "", key: entry?.keyPEM ?? "" };
}

export async function checkService(run: Run, host: Host, process: Process): Promise<void> {
  const { world, log } = run;
  const url = process.healthCheck.url ?? "";
  log.info(`[healthcheck] Start Healthcheck on service [${process.name}] on host [${host.address}]`);
  const client = process.name === "kube-apiserver" ? clientCertificate(run, "kube-apiserver") : undefined;
  let failure = "";
  const healthy = async () => {
    try {
      const answer = await linkOf(host).fetch("GET", url, client);
      if (answer.status === 200) return true;
      failure = `Service [${process.name}] is not healthy on host [${host.address}]. Response code: [${answer.status}], response body: ${answer.body}`;
    } catch (error) {
      failure = `Failed to check ${url} for service [${process.name}] on host [${host.address}]: ${messageOf(error)}`;
    }
    return false;
  };
  if ((await healthy()) || (await waitUpTo(world, SERVICE_LIMIT_MS, healthy))) {
    log.info(`[healthcheck] service [${process.name}] on host [${host.address}] is healthy`);
    return;
  }
  const { stderr } = await dockerOf(host).lastLine(process.name);
  throw new Error(`Failed to verify healthcheck: ${failure}, log: ${stderr.trimEnd()}`);
}

/** A failed answer counts as a try of 5 s. RKE leaves a cluster 90 s to elect a leader. */
async function etcdFault(run: Run, host: Host, client: ClientCertificate): Promise<string | undefined> {
  const { world, log } = run;
  const url = `https://${host.internalAddress}:2379/health`;
  let fault = "";
  const look = async (): Promise<"true" | "false" | "none"> => {
    try {
      const answer = await linkOf(host).fetch("GET", url, client);
      const { health } = JSON.parse(answer.body) as { health: string };
      fault = `[etcd] host [${host.address}] reported healthy=${health}`;
      return health === "true" ? "true" : "false";
    } catch (error) {
      fault = `[etcd] host [${host.address}] failed to check etcd health: failed to get /health for host [${host.address}]: ${messageOf(error)}`;
      return "none";
    }
  };
  for (let attempt = 0; attempt < ETCD_TRIES; attempt++) {
    let seen = await look();
    if (seen === "false") log.info(`[etcd] etcd host [${host.address}] reported healthy=false`);
    if (seen !== "true") {
      await waitUpTo(world, INTERVAL_MS, async () => {
        seen = await look();
        return seen === "true";
      });
    }
    if (seen === "true") {
      log.info(`[etcd] etcd host [${host.address}] reported healthy=true`);
      return undefined;
    }
  }
  return fault;
}

/** Content with the first host that is healthy: RKE doesn't ask the others. */
export async function needHealthyEtcd(run: Run, hosts: Host[], client: ClientCertificate): Promise<void> {
  const failed: string[] = [];
  for (const host of hosts) {
    const fault = await etcdFault(run, host, client);
    if (fault === undefined) return;
    run.log.warn(fault);
    failed.push(host.address);
  }
  if (failed.length === 0) return;
  throw new Error(
    `etcd cluster is unhealthy: hosts [${failed.join(",")}] failed to report healthy. Check etcd container logs on each host for more information`,
  );
}

export async function isEtcdHealthy(run: Run, host: Host, client: ClientCertificate): Promise<boolean> {
  const fault = await etcdFault(run, host, client);
  if (fault !== undefined) run.log.warn(fault);
  return fault === undefined;
}
