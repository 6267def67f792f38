import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { utils } from "ssh2";
import { readSshAccess } from "../../reach/ssh-access";
import { seed } from "../plan/worlds/topologies";

describe("the operator's key", () => {
  const folder = mkdtempSync(join(tmpdir(), "rke-dr-key-"));
  after(() => rmSync(folder, { recursive: true }));
  const read = (text: string | undefined) => {
    const keyPath = join(folder, "key");
    if (text === undefined) rmSync(keyPath, { force: true });
    else writeFileSync(keyPath, text);
    const topology = seed();
    return readSshAccess({ ...topology, ssh: { ...topology.ssh, keyPath } });
  };
  const pair = utils.generateKeyPairSync("ed25519");

  it("is read once", () => assert.equal(read(pair.private).key?.type, "ssh-ed25519"));

  const byAgent = (socket: string | undefined) => {
    const topology = seed();
    return readSshAccess({ ...topology, ssh: { ...topology.ssh, keyPath: "/nowhere", agent: true } }, socket);
  };

  it("isn't read if an agent holds it", () => {
    writeFileSync(join(folder, "socket"), "");
    const { agent, privateKey } = byAgent(join(folder, "socket"));
    assert.deepEqual([agent, privateKey], [join(folder, "socket"), undefined]);
  });

  for (const [what, socket, said] of [
    ["no agent", "", /SSH_AUTH_SOCK must name an ssh-agent's socket, it isn't set; `eval \$\(ssh-agent\) && ssh-add`/],
    ["an agent that is gone", "/nowhere/agent", /it names "\/nowhere\/agent", which is missing/],
  ] as const) {
    it(`${what} is refused by name`, () => assert.throws(() => byAgent(socket), said));
  }

  for (const [what, text, said] of [
    [
      "a public key",
      pair.public,
      /topology\.ssh\.keyPath: is no private key that can be used \(a public key\): ".*key"/,
    ],
    ["no key", "text", /topology\.ssh\.keyPath: is no private key that can be used \(.+\): /],
    ["no file", undefined, /topology\.ssh\.keyPath: can't be read \(ENOENT\): /],
  ] as const) {
    it(`${what} is refused by name`, () => assert.throws(() => read(text), said));
  }
});
