/** RKE's handling of one container, in its steps and words. */
import { differences } from "../container";
import type { Host } from "../hosts";
import { type ContainerInspect, type ContainerRequest, NotFound } from "../io/world";
import { dockerOf, messageOf, type Run, waitUpTo } from "./run";

type Tools = Pick<Run, "world" | "log">;

const TRIES = 3;
const STOP_SECONDS = 5;
const EXIT_TRIES = 300;

/** Three tries without a pause, each failure a warning; "not found" is an answer. */
async function tried<T>(act: (attempt: number) => Promise<T>, warn: (error: unknown) => void): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await act(attempt);
    } catch (error) {
      if (error instanceof NotFound) throw error;
      warn(error);
      if (attempt === TRIES) throw error;
    }
  }
}

async function spoken(
  { log }: Tools,
  host: Host,
  name: string,
  saying: string,
  failing: string,
  act: () => Promise<void>,
): Promise<void> {
  await tried(
    (attempt) => {
      log.info(`${saying}, try #${attempt}`);
      return act();
    },
    (error) => log.warn(`Can't ${failing} Docker container [${name}] for host [${host.address}]: ${messageOf(error)}`),
  );
}

export async function inspect(host: Host, name: string): Promise<ContainerInspect | undefined> {
  try {
    return await dockerOf(host).inspect(name);
  } catch (error) {
    if (error instanceof NotFound) return undefined;
    throw error;
  }
}

export async function isRunning({ log }: Tools, host: Host, name: string, all: boolean): Promise<boolean> {
  const names = await tried(
    (attempt) => {
      log.info(`Checking if container [${name}] is running on host [${host.address}], try #${attempt}`);
      return dockerOf(host).names(all);
    },
    (error) =>
      log.warn(`Error checking if container [${name}] is running on host [${host.address}]: ${messageOf(error)}`),
  );
  return names.includes(name);
}

export async function needImage({ log }: Tools, host: Host, image: string, plane: string): Promise<void> {
  try {
    await dockerOf(host).imageEnv(image);
    log.info(`Image [${image}] exists on host [${host.address}]`);
  } catch (error) {
    if (!(error instanceof NotFound)) throw error;
    const fault = "the stand-in pulls nothing, and the image is not there";
    log.warn(`[${plane}] Can't pull Docker image [${image}] on host [${host.address}]: ${fault}`);
    throw new Error(`Failed to pull image [${image}] on host [${host.address}]: ${fault}`);
  }
}

export async function createContainer(
  { log }: Tools,
  host: Host,
  name: string,
  request: ContainerRequest,
): Promise<void> {
  const failed = (error: unknown) =>
    `Failed to create Docker container [${name}] on host [${host.address}]: ${messageOf(error)}`;
  try {
    await tried(
      () => dockerOf(host).create(name, request),
      (error) => log.warn(failed(error)),
    );
  } catch (error) {
    throw new Error(`Failed to create [${name}] container on host [${host.address}]: ${failed(error)}`);
  }
}

export async function startContainer(tools: Tools, host: Host, name: string): Promise<void> {
  const saying = `Starting container [${name}] on host [${host.address}]`;
  try {
    await spoken(tools, host, name, saying, "start", () => dockerOf(host).start(name));
  } catch (error) {
    throw new Error(`Failed to start [${name}] container on host [${host.address}]: ${messageOf(error)}`);
  }
}

export function dropContainer(tools: Tools, host: Host, name: string): Promise<void> {
  const saying = `Removing container [${name}] on host [${host.address}]`;
  return spoken(tools, host, name, saying, "remove", () => dockerOf(host).remove(name));
}

/** Quiet when there is none. */
export async function removeContainer(tools: Tools, host: Host, name: string): Promise<void> {
  if (!(await inspect(host, name))) return;
  await dropContainer(tools, host, name);
  tools.log.info(`[remove/${name}] Successfully removed container on host [${host.address}]`);
}

/** Quiet when there is none. RKE calls etcd's host by its name here, the others' by their address. */
export async function restartContainer(tools: Tools, host: Host, name: string, called = host.address): Promise<void> {
  if (!(await inspect(host, name))) return;
  const saying = `Restarting container [${name}] on host [${called}]`;
  await spoken(tools, host, name, saying, "restart", () => dockerOf(host).restart(name, STOP_SECONDS));
  tools.log.info(`[restart/${name}] Successfully restarted container on host [${called}]`);
}

export async function waitForExit({ world, log }: Tools, host: Host, name: string): Promise<number> {
  for (let attempt = 0; attempt < EXIT_TRIES; attempt++) {
    log.info(`Waiting for [${name}] container to exit on host [${host.address}]`);
    const { State } = await dockerOf(host).inspect(name);
    if (!State.Running) return State.ExitCode;
    const { stdout, stderr } = await dockerOf(host).lastLine(name);
    log.info(
      `Container [${name}] is still running on host [${host.address}]: stderr: [${stderr}], stdout: [${stdout}]`,
    );
    await waitUpTo(world, 1000, async () => !(await dockerOf(host).inspect(name)).State.Running);
  }
  throw new Error(`Container [${name}] did not exit in time on host [${host.address}]`);
}

export async function runOnce(
  tools: Tools,
  host: Host,
  name: string,
  request: ContainerRequest,
  plane: string,
): Promise<void> {
  const { log } = tools;
  if (await inspect(host, name)) return;
  await needImage(tools, host, request.Image, plane);
  await createContainer(tools, host, name, request);
  await startContainer(tools, host, name);
  log.info(`Successfully started [${name}] container on host [${host.address}]`);
  log.info(`Waiting for [${name}] container to exit on host [${host.address}]`);
  const exitCode = await waitForExit(tools, host, name);
  if (exitCode === 0) return;
  const { stdout, stderr } = await dockerOf(host).lastLine(name);
  throw new Error(
    `Container [${name}] exited with non-zero exit code [${exitCode}] on host [${host.address}]: stdout: ${stdout.trimEnd()}, stderr: ${stderr.trimEnd()}`,
  );
}

/** Undefined when there is no such container; else what differs from the request. */
export async function changes(host: Host, name: string, request: ContainerRequest): Promise<string[] | undefined> {
  const running = await inspect(host, name);
  if (!running) return undefined;
  try {
    return differences(running, request, await dockerOf(host).imageEnv(request.Image));
  } catch (error) {
    if (error instanceof NotFound) return ["image"];
    throw error;
  }
}

async function replace(
  tools: Tools,
  host: Host,
  name: string,
  request: ContainerRequest,
  plane: string,
): Promise<void> {
  const { log } = tools;
  if (!(await isRunning(tools, host, name, false))) return;
  await needImage(tools, host, request.Image, plane);
  const old = `old-${name}`;
  if (await isRunning(tools, host, old, true)) await dropContainer(tools, host, old);
  const stopping = `Stopping container [${name}] on host [${host.address}] with stopTimeoutDuration [${STOP_SECONDS}s]`;
  await spoken(tools, host, name, stopping, "stop", () => dockerOf(host).stop(name, STOP_SECONDS));
  await waitForExit(tools, host, name);
  const renaming = `Renaming container [${name}] to [${old}] on host [${host.address}]`;
  await spoken(tools, host, name, renaming, "rename", () => dockerOf(host).rename(name, old));
  await createContainer(tools, host, name, request);
  await startContainer(tools, host, name);
  log.info(`[${plane}] Successfully updated [${name}] container on host [${host.address}]`);
  await dropContainer(tools, host, old);
}

/** Creates it, starts it when stopped (without a look at its arguments), replaces it when it differs, or lets it be. */
export async function runContainer(
  tools: Tools,
  host: Host,
  name: string,
  request: ContainerRequest,
  plane: string,
): Promise<void> {
  const { log } = tools;
  const running = await inspect(host, name);
  if (!running) {
    await needImage(tools, host, request.Image, plane);
    await createContainer(tools, host, name, request);
    await startContainer(tools, host, name);
    log.info(`[${plane}] Successfully started [${name}] container on host [${host.address}]`);
    return;
  }
  if (running.State.Running) {
    if (running.State.Restarting) {
      const saying = `Restarting container [${name}] on host [${host.address}]`;
      await spoken(tools, host, name, saying, "restart", () => dockerOf(host).restart(name, STOP_SECONDS));
    }
    const changed = await changes(host, name, request);
    if (changed === undefined || changed.length > 0) await replace(tools, host, name, request, plane);
    return;
  }
  log.info(`[${plane}] Starting stopped container [${name}] on host [${host.address}]`);
  await startContainer(tools, host, name);
  log.info(`[${plane}] Successfully started [${name}] container on host [${host.address}]`);
}
