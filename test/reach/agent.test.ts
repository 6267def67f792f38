import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Server, utils } from "ssh2";
import { until } from "../../lab/machine/run";
import { allHosts } from "../../plan/topology/topology";
import { runOverSsh } from "../../reach/ssh";
import { seed } from "../plan/worlds/topologies";
import { ended, listening, newKey } from "./ssh-server";

const noAgent = spawnSync("ssh-agent", ["-h"]).error !== undefined;

(noAgent ? describe.skip : describe)(`a login by an ssh-agent${noAgent ? " (skipped: no ssh-agent)" : ""}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "rke-dr-agent-"));
  const socket = join(folder, "socket");
  const [own, other] = [utils.generateKeyPairSync("ed25519"), utils.generateKeyPairSync("ed25519")];
  const allowed = utils.parseKey(own.public);
  assert.ok(!(allowed instanceof Error));
  /** Lets in whoever proves to have the operator's key. */
  const server = new Server({ hostKeys: [newKey()] }, (client) =>
    client
      .on("error", () => undefined)
      .on("authentication", (context) => {
        const right =
          context.method === "publickey" &&
          context.key.data.equals(allowed.getPublicSSH()) &&
          (!context.signature || (context.blob && allowed.verify(context.blob, context.signature) === true));
        if (right) context.accept();
        else context.reject(["publickey"]);
      })
      .on("session", (accept) =>
        accept().on("exec", (acceptExec) => {
          const stream = acceptExec();
          stream.resume().on("end", () => ended(stream, 0, "in"));
        }),
      ),
  );
  let agent: ChildProcess;
  let port = 0;
  const add = (name: string, key: string) => {
    writeFileSync(join(folder, name), key, { mode: 0o600 });
    const added = spawnSync("ssh-add", [join(folder, name)], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
    assert.equal(added.status, 0, String(added.stderr));
  };
  const login = () => {
    const [host] = allHosts(seed());
    assert.ok(host);
    const reached = { ...host, address: "127.0.0.1", hostKey: "unpinned" };
    return runOverSsh(reached, { user: "rke", port, agent: socket }, "id", "");
  };

  before(async () => {
    port = await listening(server);
    agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
    await until("the agent's socket", 20, async () => existsSync(socket));
  });
  after(() => {
    server.close();
    agent.kill();
    rmSync(folder, { recursive: true });
  });

  it("is refused if none of its keys is the host's, and the error says so", async () => {
    add("other", other.private);
    await assert.rejects(login(), /must let rke in with a key of the operator's ssh-agent, refuses all \(`ssh-add -l`/);
  });

  it("succeeds by whichever of its keys the host knows", async () => {
    add("own", own.private);
    assert.equal(await login(), "in");
  });
});
