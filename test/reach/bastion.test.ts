import assert from "node:assert/strict";
import { createServer, connect as dial } from "node:net";
import { Server } from "ssh2";
import { observe } from "../../observe/observe";
import { allHosts } from "../../plan/topology/topology";
import { seed } from "../plan/worlds/topologies";
import { printedFacts } from "../printed-facts";
import { ended, listening, newKey, publicKey, sshServer } from "./ssh-server";

const operatorKey = newKey();
const bastionKey = newKey();
const hostKey = newKey();

/** Answers each command with its end marker, as a host without anything would. */
const host = sshServer(hostKey, (stream) =>
  ended(stream, 0, printedFacts({ host: "arch=x86_64", end: `now=${Date.now()}` })),
);

/** The address that the bastion connects to instead: hosts' addresses aren't this machine's. */
const behind = new Map<string, number>();
const asked: string[] = [];
/** Milliseconds before the bastion lets the operator in. */
let patience = 0;
const bastion = new Server({ hostKeys: [bastionKey] }, (client) =>
  client
    // who finds another key than the pinned one hangs up
    .on("error", () => undefined)
    .on("authentication", (context) => setTimeout(() => context.accept(), patience))
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
    const seen = await observe([reached], [second], access(publicKey(bastionKey)), 1, "rke").whole;
    assert.equal(seen.hosts[first.name]?.reachable, true, JSON.stringify(seen.hosts));
    assert.deepEqual(seen.answers, [`${second.name} 2379`]);
    assert.ok(asked.includes(`${first.address}:22`) && asked.includes(`${second.address}:6443`));
  });

  it("hears what answers behind a bastion that takes longer to let the operator in than a port is waited for", async () => {
    patience = 2000;
    const seen = await observe([], [second], access(publicKey(bastionKey)), 1, "rke").whole;
    patience = 0;
    assert.deepEqual(seen.answers, [`${second.name} 2379`]);
  });

  it("says so when what lies behind it can't be reached", async () => {
    const seen = await observe([second], [], access(publicKey(bastionKey)), 1, "rke").whole;
    const facts = seen.hosts[second.name];
    assert.ok(facts && !facts.reachable);
    assert.match(facts.reason, /^behind the bastion 127\.0\.0\.1: /);
  });

  it("goes through no other bastion than the pinned one", async () => {
    const seen = await observe([reached], [], access(publicKey(hostKey)), 1, "rke").whole;
    const facts = seen.hosts[first.name];
    assert.ok(facts && !facts.reachable);
    assert.match(facts.reason, /^the bastion 127\.0\.0\.1: must show the key ssh-rsa .*, shows ssh-rsa /);
  });
});
