import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import type { AddressInfo, Server as NetServer } from "node:net";
import { Server, type ServerChannel, utils } from "ssh2";

/** A private key, in PEM. */
export const newKey = () =>
  generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs1", format: "pem" }).toString();

/** As it stands in a topology's `hostKey`. */
export function publicKey(pem: string): string {
  const parsed = utils.parseKey(pem);
  assert.ok(!(parsed instanceof Error));
  return `ssh-rsa ${parsed.getPublicSSH().toString("base64")}`;
}

/** A host's sshd that lets everybody in, and answers a command when it has read all of its script. */
export const sshServer = (key: string, answer: (stream: ServerChannel) => void) =>
  new Server({ hostKeys: [key] }, (client) =>
    client
      .on("authentication", (context) => context.accept())
      .on("session", (accept) =>
        accept().on("exec", (acceptExec) => {
          const stream = acceptExec();
          stream.resume().on("end", () => answer(stream));
        }),
      ),
  );

/** The last words of a command, and its exit code. */
export function ended(stream: ServerChannel, code: number, last = ""): void {
  stream.write(last);
  stream.exit(code);
  stream.end();
}

/** A port of this machine's at which the server listens from now on. */
export const listening = (server: Server | NetServer) =>
  new Promise<number>((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port)),
  );
