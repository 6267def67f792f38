import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { type AddressInfo, createServer, connect as dial } from "node:net";
import { Server, utils } from "ssh2";
import { observe } from "../../observe/observe";
import { allHosts } from "../../plan/topology";
import { seed } from "../plan/topologies";

const rsa = () =>
  generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs1", format: "pem" }).toString();
const operatorKey = rsa();
const bastionKey = rsa();
const hostKey = rsa();

function publicKey(pem: string): string {
  const parsed = utils.parseKey(pem);
  assert.ok(!(parsed instanceof Error));
  return `ssh-rsa ${parsed.getPublicSSH().toString("base64")}`;
}

const listening = async (server: {
  listen(port: number, host: string, done: () => void): unknown;
  address(): unknown;
}) =>
  new Promise<number>((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port)),
  );

/** A host's sshd that answers each command with its end marker, as a host without anything would. */
const host = new Server({ hostKeys: [hostKey] }, (client) =>
  client
    .on("authentication", (context) => context.accept())
    .on("session", (accept) =>
      accept().on("exec", (acceptExec) => {
        const stream = acceptExec();
        stream.resume().on("end", () => {
          stream.write(`@@ host\narch=x86_64\n@@ end\nnow=${Date.now()}\n`);
          stream.exit(0);
          stream.end();
        });
      }),
    ),
);

/** Where the bastion connects instead: hosts' addresses aren't this machine's. */
const behind = new Map<string, number>();
const asked: string[] = [];
const bastion = new Server({ hostKeys: [bastionKey] }, (client) =>
  client
    // who finds another key than the pinned one hangs up
    .on("error", () => undefined)
    .on("authentication", (context) => context.accept())
    .on("tcpip", (accept, reject, info) => {
      const target = `${info.destIP}:${info.destPort}`;
      asked.push(target);
      const port = behind.get(target);
      if (port === undefined) {
        reject();
        return;
      }
      const socket = dial(port, "127.0.0.1", () => {
        const stream = accept();
        stream.pipe(socket).pipe(stream);
        stream.on("error", () => socket.destroy());
      });
      socket.on("error", () => reject());
    }),
);

describe("looking at hosts through a bastion", () => {
  const [first, second] = allHosts(seed());
  assert.ok(first && second);
  const reached = { ...first, hostKey: publicKey(hostKey) };
  const open = createServer((socket) => socket.end());
  let port = 0;
  const access = (pinned: string) => ({
    user: "root",
    port: 22,
    privateKey: operatorKey,
    bastion: { host: "127.0.0.1", port, user: "jump", hostKey: pinned },
  });
  before(async () => {
    behind.set(`${first.address}:22`, await listening(host));
    behind.set(`${second.address}:2379`, await listening(open));
    port = await listening(bastion);
  });
  after(() => {
    host.close();
    bastion.close();
    open.close();
  });

  it("reads a host's facts, and hears what of the lost side answers, by it alone", async () => {
    const seen = await observe([reached], [second], access(publicKey(bastionKey)), 1).whole;
    assert.equal(seen.hosts[first.name]?.reachable, true, JSON.stringify(seen.hosts));
    assert.deepEqual(seen.answers, [`${second.name} 2379`]);
    assert.ok(asked.includes(`${first.address}:22`) && asked.includes(`${second.address}:6443`));
  });

  it("says so when what lies behind it can't be reached", async () => {
    const seen = await observe([second], [], access(publicKey(bastionKey)), 1).whole;
    const facts = seen.hosts[second.name];
    assert.ok(facts && !facts.reachable);
    assert.match(facts.reason, /^behind the bastion 127\.0\.0\.1: /);
  });

  it("goes through no other bastion than the pinned one", async () => {
    const seen = await observe([reached], [], access(publicKey(hostKey)), 1).whole;
    const facts = seen.hosts[first.name];
    assert.ok(facts && !facts.reachable);
    assert.match(facts.reason, /^the bastion 127\.0\.0\.1: must show the key ssh-rsa .*, shows ssh-rsa /);
  });
});
