/** The short-lived containers of the rke-tools image. */
import { imagesOf } from "../defaults";
import type { Host } from "../hosts";
import type { ContainerRequest } from "../io/world";
import { ETCD_DATA_BIND } from "../plan/etcd";
import { KUBERNETES_BIND } from "../plan/process";
import {
  createContainer,
  dropContainer,
  isRunning,
  needImage,
  removeContainer,
  runContainer,
  runOnce,
  startContainer,
  waitForExit,
} from "./containers";
import { dockerOf, type Run, waitUpTo } from "./run";

type Tools = Pick<Run, "world" | "log" | "cluster">;
const LOGS = "/var/lib/rancher/rke/log";

export function shell(
  { cluster }: Pick<Run, "cluster">,
  script: string,
  binds: string[],
  more: { env?: string[]; tty?: boolean; privileged?: boolean } = {},
): ContainerRequest {
  return {
    Image: imagesOf(cluster.config).tools,
    Cmd: ["sh", "-c", script],
    Env: more.env ?? null,
    Tty: more.tty ?? false,
    HostConfig: { Binds: binds, Privileged: more.privileged ?? false },
  };
}

/** Writes certificates that are missing on the host, or all with FORCE_DEPLOY in the environment. */
export async function deployCertificates(tools: Tools, host: Host, env: string[]): Promise<void> {
  const name = "cert-deployer";
  if (await isRunning(tools, host, name, true)) await dropContainer(tools, host, name);
  await needImage(tools, host, imagesOf(tools.cluster.config).tools, "certificates");
  await createContainer(tools, host, name, {
    Image: imagesOf(tools.cluster.config).tools,
    Cmd: [name],
    Env: env,
    HostConfig: { Binds: [KUBERNETES_BIND], Privileged: true },
  });
  await startContainer(tools, host, name);
  while (await isRunning(tools, host, name, false)) {
    await waitUpTo(tools.world, 5000, async () => !(await dockerOf(host).names(false)).includes(name));
  }
  await dropContainer(tools, host, name);
}

export async function deployFile(tools: Tools, host: Host, file: string, content: string): Promise<void> {
  const name = "file-deployer";
  const write = `t=$(mktemp); echo -e "$FILE_DEPLOY" > $t && mv $t ${file} && chmod 600 ${file}`;
  await removeContainer(tools, host, name);
  await runOnce(
    tools,
    host,
    name,
    shell(tools, write, [KUBERNETES_BIND], { env: [`FILE_DEPLOY=${content}`] }),
    "file-deploy",
  );
  await removeContainer(tools, host, name);
}

export async function setEtcdPermissions(tools: Tools, host: Host): Promise<void> {
  const name = "etcd-fix-perm";
  await runOnce(tools, host, name, shell(tools, "chmod 700 /var/lib/rancher/etcd/", [ETCD_DATA_BIND]), "etcd");
  await removeContainer(tools, host, name);
}

export async function linkLog(tools: Tools, host: Host, container: string, plane: string): Promise<void> {
  const name = "rke-log-linker";
  const { Id, LogPath } = await dockerOf(host).inspect(container);
  const script = `mkdir -p ${LOGS} ; ln -s ${LogPath} ${LOGS}/${container}_${Id}.log`;
  await removeContainer(tools, host, name);
  await runContainer(
    tools,
    host,
    name,
    shell(tools, script, ["/var/lib:/var/lib"], { tty: true, privileged: true }),
    plane,
  );
  await removeContainer(tools, host, name);
}

export async function cleanLogs(tools: Tools, host: Host): Promise<void> {
  const name = "rke-log-cleaner";
  const root = host.info.DockerRootDir;
  const script = `find ${LOGS} -type l ! -exec test -e {} \\; -print -delete`;
  const request = shell(tools, script, [`${root}:${root}`, "/var/lib:/var/lib"], { tty: true, privileged: true });
  await removeContainer(tools, host, name);
  await runContainer(tools, host, name, request, "cleanup");
  await removeContainer(tools, host, name);
}

/** Empties folders of a host that has left the cluster. */
export async function cleanHost(tools: Tools, host: Host, folders: string[]): Promise<void> {
  const name = "kube-cleaner";
  const { log } = tools;
  log.info(`[hosts] Cleaning up host [${host.address}]`);
  log.info(`[hosts] Running cleaner container on host [${host.address}]`);
  const binds = folders.map((folder) => `${folder}:${folder}:z`);
  await runContainer(tools, host, name, shell(tools, `find ${folders.join(" ")} -mindepth 1 -delete`, binds), name);
  await waitForExit(tools, host, name);
  log.info(`[hosts] Removing cleaner container on host [${host.address}]`);
  await dropContainer(tools, host, name);
  log.info(`[hosts] Removing dead container logs on host [${host.address}]`);
  await cleanLogs(tools, host);
  log.info(`[hosts] Successfully cleaned up host [${host.address}]`);
}
