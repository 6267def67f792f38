import { onHostScript } from "../on-host";
import { type Beat, progressReader } from "../plan/facts/progress";
import { dialectOf } from "../plan/installers/dialect";
import { type Host, sshLogin, type Topology } from "../plan/topology/topology";
import { remoteBash } from "../reach/command-line";
import { Semaphore } from "../reach/semaphore";
import { runOverSsh } from "../reach/ssh";
import type { SshAccess } from "../reach/ssh-access";

/** The newest reading of a host, or the reason why there is none. */
export type Heard = { beat: Beat } | { silent: string };

/** Seconds between two readings on a host; without one for `silence` seconds it counts as silent, and is dialled anew after `pause` seconds. */
const usual = { period: 0.5, silence: 4, pause: 2 };
/** Seconds after which a host ends the readings by itself. They are begun anew then. */
const limit = 300;
/** SSH handshakes at once: each costs this process milliseconds of computing. */
const handshakesAtOnce = 16;

/**
 * Reads what the steps on hosts record, as it changes; changes nothing on them.
 *
 * @param told is called at each reading, and when a host has become silent
 * @returns a function that ends it
 */
export function followProgress(
  hosts: Host[],
  access: SshAccess,
  installer: Topology["installer"],
  told: (host: Host, heard: Heard) => void,
  times = usual,
): () => void {
  const over = new AbortController();
  const handshakes = new Semaphore(handshakesAtOnce);
  for (const host of hosts) {
    void follow(host, access, installer, (heard) => over.signal.aborted || told(host, heard), times, handshakes, over);
  }
  return () => over.abort();
}

async function follow(
  host: Host,
  access: SshAccess,
  installer: Topology["installer"],
  told: (heard: Heard) => void,
  { period, silence, pause }: typeof usual,
  handshakes: Semaphore,
  over: AbortController,
): Promise<void> {
  const processes = [
    ...(host.etcd === "voter" ? ["etcd"] : []),
    ...(host.roles.includes("controlplane") ? ["api"] : []),
  ];
  const command = remoteBash(sshLogin(access, host).user, [period, ...processes], {
    seconds: limit,
    killAfter: 2,
    yielding: true,
  });
  const script = onHostScript("look/progress", dialectOf({ installer }, host));
  while (!over.signal.aborted) {
    const cut = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const wait = () => {
      clearTimeout(timer);
      timer = setTimeout(() => cut.abort(), silence * 1000);
    };
    const read = progressReader(host.name);
    const failed = await handshakes
      .take((onReady) =>
        runOverSsh(host, access, command, script, {
          limits: { ready: 8000, total: (limit + 10) * 1000 },
          cut: AbortSignal.any([cut.signal, over.signal]),
          onReady: () => {
            wait();
            onReady();
          },
          onStdout: (text) => {
            wait();
            const beat = read(text);
            if (beat) told({ beat });
          },
        }),
      )
      .then(
        () => undefined,
        (error: Error) => error,
      );
    clearTimeout(timer);
    // 124: its time limit was over
    if (failed && !failed.message.includes(" ended with 124")) {
      told({ silent: cut.signal.aborted ? `no word for ${silence} s` : failed.message });
      await new Promise((next) => setTimeout(next, pause * 1000));
    }
  }
}
