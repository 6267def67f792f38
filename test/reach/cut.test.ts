import assert from "node:assert/strict";
import { createServer, type Server } from "node:net";
import { Conversation } from "../../cli/conversation";
import { followProgress } from "../../observe/progress";
import { allHosts, type Host } from "../../plan/topology/topology";
import { type Run, runOverSsh } from "../../reach/ssh";
import { seed } from "../plan/worlds/topologies";
import { ended, listening, newKey, publicKey, sshServer } from "./ssh-server";

const [first] = allHosts(seed()) as [Host];

describe("a command that is cut off before it begins", () => {
  let dialled: number;
  let server: Server;
  let access: { user: string; port: number; privateKey: string };
  const host: Host = { ...first, address: "127.0.0.1", ssh: undefined };
  const aborted = AbortSignal.abort();

  beforeEach(async () => {
    dialled = 0;
    server = createServer((socket) => {
      dialled++;
      // who is no sshd never says a word
      socket.on("error", () => undefined);
    });
    access = { user: "root", port: await listening(server), privateKey: newKey() };
  });
  afterEach(() => server.close());

  for (const [what, how] of [
    ["cut", { cut: aborted }],
    ["left by its operator", { ends: aborted }],
  ] as [string, Run][]) {
    it(`dials nobody: ${what}`, async () => {
      await assert.rejects(runOverSsh(host, access, "true", "", how), /^Error: was cut off$/);
      assert.equal(dialled, 0);
    });
    it(`doesn't dial the bastion either: ${what}`, async () => {
      const bastion = { host: "127.0.0.1", port: access.port, user: "jump", hostKey: "unpinned" };
      await assert.rejects(runOverSsh(host, { ...access, bastion }, "true", "", how), /^Error: was cut off$/);
      assert.equal(dialled, 0);
    });
  }

  it("progress that nobody follows any more dials none of the hosts that wait for their turn", async () => {
    const hosts = Array.from({ length: 40 }, (_, i) => ({ ...host, name: `host${i}` }));
    const end = followProgress(hosts, access, "rke", () => undefined);
    await new Promise((next) => setTimeout(next, 300));
    end();
    await new Promise((next) => setTimeout(next, 500));
    assert.ok(dialled > 0 && dialled <= 16, `${dialled}`);
  });

  it("a conversation that is closed at once sends nothing to its host", async () => {
    const key = newKey();
    let begun = 0;
    const sshd = sshServer(key, (stream) => {
      begun++;
      ended(stream, 0);
    });
    const port = await listening(sshd);
    const there = { ...host, hostKey: publicKey(key) };
    const open = () => new Conversation(there, { ...access, port }, { command: "bash -s", input: "" }, () => undefined);
    const closed = open();
    await closed.close();
    assert.equal(begun, 0);
    await assert.rejects(closed.ask("keys"));
    sshd.close();
  });
});
