import assert from "node:assert/strict";
import type { ServerChannel } from "ssh2";
import { observe } from "../../observe/observe";
import type { Observation } from "../../plan/facts/observation";
import { allHosts } from "../../plan/topology/topology";
import { seed } from "../plan/worlds/topologies";
import { printedFacts } from "../printed-facts";
import { ended, listening, newKey, sshServer } from "../reach/ssh-server";

const key = newKey();
const told = `${printedFacts({ host: "arch=x86_64", answers: "master1 22", end: "now=1" })}@@ late\n`;

describe("a look at the hosts", () => {
  /** How the host answers when it has read its script. */
  let answer: (stream: ServerChannel) => void;
  const server = sshServer(key, (stream) => answer(stream));
  let port = 0;
  before(async () => {
    port = await listening(server);
  });
  after(() => server.close());

  const [first] = allHosts(seed());
  assert.ok(first);
  const host = { ...first, address: "127.0.0.1", hostKey: "unpinned" };
  const look = (user = "root") => observe([host], [], { user, port, privateKey: key }, 1, "rke");
  const factsOf = ({ hosts }: Observation) => {
    const facts = hosts[host.name];
    assert.ok(facts);
    return facts;
  };

  it("is over soon where only the lost side's silence is waited for, and hears who answers late", async () => {
    let end = () => {};
    answer = (stream) => {
      end = () => ended(stream, 0, "master2 6443 refused\n");
      // in pieces, as a network gives it
      stream.write(told.slice(0, 30), () => stream.write(told.slice(30)));
    };
    const { soon, whole } = look();
    const early = factsOf(await soon); // the host hasn't ended yet
    assert.ok(early.reachable);
    assert.deepEqual(early.answers, ["master1 22"]);
    end();
    assert.deepEqual(factsOf(await whole), { ...early, answers: ["master1 22", "master2 6443 refused"] });
  });

  it("a host that breaks off before it has listened to the end isn't taken for one that heard nothing", async () => {
    let cut = () => {};
    answer = (stream) => {
      cut = () => ended(stream, 124);
      stream.write(told);
    };
    const { soon, whole } = look();
    assert.ok(factsOf(await soon).reachable);
    cut();
    const facts = factsOf(await whole);
    assert.ok(!facts.reachable);
    assert.match(facts.reason, /ended with 124: it took longer than its \d+ s$/);
  });

  for (const [what, said, code] of [
    ["wants a password", "sudo: a password is required", 1],
    ["wants a terminal", "sudo: unable to resolve host h\nsudo: sorry, you must have a tty to run sudo", 1],
    ["is missing", "bash: line 1: sudo: command not found", 127],
    [
      "lets the user run something else",
      "Sorry, user rke is not allowed to execute '/usr/bin/timeout' as root on h.",
      1,
    ],
  ] as const) {
    it(`a host whose sudo ${what} isn't taken for one that fails otherwise`, async () => {
      answer = (stream) => {
        stream.stderr.write(`${said}\n`);
        ended(stream, code);
      };
      const facts = factsOf(await look("rke").whole);
      assert.deepEqual(
        { ...facts },
        { reachable: false, host: host.name, reason: said.split("\n").at(-1), refusal: "sudo refused" },
      );
    });
  }

  it("a script that fails by itself isn't taken for a sudo that refuses", async () => {
    answer = (stream) => {
      stream.stderr.write("bash: line 7: sudo: command not found\n");
      ended(stream, 1, "@@ host\n");
    };
    const facts = factsOf(await look("rke").whole);
    assert.ok(!facts.reachable && facts.refusal === undefined, JSON.stringify(facts));
    assert.match(facts.reason, /^`sudo -n -k timeout -k 2 30 bash -s -- 1 .*` ended with 1: /);
  });

  it("a host that tells only half is one that can't be read", async () => {
    answer = (stream) => ended(stream, 0, told.slice(0, 30));
    const facts = factsOf(await look().soon);
    assert.ok(!facts.reachable);
    assert.match(facts.reason, /the output ends early/);
  });

  it("a host whose output lacks sections can't be read, and the error names them all", async () => {
    const lacking = told.replace("@@ disk\n", "").replace("@@ epoch\n", "");
    answer = (stream) => ended(stream, 0, lacking);
    const facts = factsOf(await look().soon);
    assert.ok(!facts.reachable);
    const missing = (name: string) => `facts of ${host.name}: section ${name} is missing`;
    assert.equal(facts.reason, `${missing("epoch")}\n${missing("disk")}`);
  });
});
