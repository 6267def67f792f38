import type { Duplex } from "node:stream";
import { Client } from "ssh2";
import { pinned } from "./host-keys";
import { login } from "./login";
import type { SshAccess } from "./ssh-access";

/** Streams to ports of hosts that only the bastion reaches. */
export interface Route {
  /** @throws Error whose message gives the reason: the bastion itself failed, or the port behind it */
  open(address: string, port: number): Promise<Duplex>;
  /** Resolves when the bastion has accepted or refused the login, never rejects; `open` throws the reason. */
  settled: Promise<void>;
  end(): void;
}

/** Milliseconds until the bastion must have accepted the login. */
const readyLimit = 8000;

/** The way through the bastion; undefined if there is no bastion. It never throws: each `open` rejects with the reason. */
export function throughBastion(access: SshAccess): Route | undefined {
  const { bastion } = access;
  if (!bastion) {
    return undefined;
  }
  const client = new Client();
  const ready = new Promise<Client>((resolve, reject) => {
    let wrongKey: string | undefined;
    client.on("ready", () => resolve(client));
    client.on("close", () => reject(new Error(`the bastion ${bastion.host} closed the connection`)));
    client.on("error", (error) => {
      const reason = wrongKey === undefined ? error.message : `must show the key ${bastion.hostKey}, shows ${wrongKey}`;
      reject(new Error(`the bastion ${bastion.host}: ${reason}`));
    });
    client.connect({
      host: bastion.host,
      port: bastion.port,
      ...login({ ...access, user: bastion.user }),
      readyTimeout: readyLimit,
      ...pinned(bastion.hostKey, (shown) => {
        wrongKey = shown;
      }),
    });
  });
  return {
    // it never rejects: without a host to look at, nothing would handle the error
    settled: ready.then(
      () => undefined,
      () => undefined,
    ),
    open: async (address, port) => {
      const way = await ready;
      return new Promise((resolve, reject) =>
        way.forwardOut("127.0.0.1", 0, address, port, (error, stream) =>
          error ? reject(new Error(`behind the bastion ${bastion.host}: ${error.message}`)) : resolve(stream),
        ),
      );
    },
    end: () => client.end(),
  };
}
