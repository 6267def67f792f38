/** RKE's recurring snapshots of etcd: a container of the tools image that never ends. */
import { imagesOf } from "../defaults";
import type { Host } from "../hosts";
import type { ContainerRequest } from "../io/world";
import { certPath, KUBERNETES_BIND, keyPath } from "../plan/process";
import { dropContainer, removeContainer, runContainer, waitForExit } from "./containers";
import { dockerOf, type Run } from "./run";
import { linkLog, shell } from "./tools";

const NAME = "etcd-rolling-snapshots";
const SNAPSHOTS = "/opt/rke/etcd-snapshots";
const TEMP = "/etc/kubernetes/.tmp/";

function request(run: Run, host: Host): ContainerRequest {
  const { retention, creation, extraEnv } = run.cluster.config.services.etcd;
  return {
    Image: imagesOf(run.cluster.config).tools,
    Cmd: [
      "/opt/rke-tools/rke-etcd-backup",
      "etcd-backup",
      "save",
      "--cacert",
      certPath("kube-ca"),
      "--cert",
      certPath("kube-node"),
      "--key",
      keyPath("kube-node"),
      "--name",
      NAME,
      `--endpoints=${host.internalAddress}:2379`,
      `--retention=${retention}`,
      `--creation=${creation}`,
    ],
    Env: extraEnv ?? null,
    HostConfig: {
      Binds: [`${SNAPSHOTS}:/backup:z`, KUBERNETES_BIND],
      NetworkMode: "host",
      RestartPolicy: { Name: "always", MaximumRetryCount: 0 },
    },
  };
}

export async function runRollingSnapshots(run: Run, host: Host): Promise<void> {
  const { log } = run;
  // RKE names the one-time container here.
  log.info(`[etcd] Running rolling snapshot container [etcd-snapshot-once] on host [${host.address}]`);
  await removeContainer(run, host, NAME);
  await runContainer(run, host, NAME, request(run, host), "etcd");
  const { State } = await dockerOf(host).inspect(NAME);
  if (State.Status === "exited" || State.Restarting) {
    log.warn("[etcd] etcd rolling snapshot container failed to start correctly");
    await dropContainer(run, host, NAME);
  }
  await saveBundle(run, host);
  await linkLog(run, host, NAME, "etcd");
}

async function saveBundle(run: Run, host: Host): Promise<void> {
  const name = "rke-bundle-cert";
  const script = `if [ -d ${TEMP} ] && [ "$(ls -A ${TEMP})" ]; then tar czvf /backup/pki.bundle.tar.gz ${TEMP};fi`;
  const binds = [KUBERNETES_BIND, `${SNAPSHOTS}:/backup:z`];
  await runContainer(run, host, name, shell(run, script, binds, { privileged: true }), "certificates");
  const status = await waitForExit(run, host, name);
  if (status !== 0) throw new Error(`Failed to run certificate bundle compress, exit status is: ${status}`);
  run.log.info(
    `[certificates] successfully saved certificate bundle [${SNAPSHOTS}/pki.bundle.tar.gz] on host [${host.address}]`,
  );
  await dropContainer(run, host, name);
}
