import assert from "node:assert/strict";
import { watchHosts } from "../../components/watch";
import { until } from "../../lab/machine/run";
import { allHosts, type Host } from "../../plan/topology/topology";
import { seed } from "../plan/worlds/topologies";

describe("while an act's steps run", () => {
  const [first, second] = allHosts(seed()) as [Host, Host];
  const seconds = 0.02;
  let unfinished: Map<Host, string[]>;
  /** For each time that the hosts are asked, those that answer; the last entry stays. */
  let answers: Host[][];
  let asked: string[][];
  let warned: string[];
  let end = () => {};

  beforeEach(() => {
    unfinished = new Map([
      [first, ["etcd-member", "verify"]],
      [second, ["claim"]],
    ]);
    answers = [[first, second]];
    asked = [];
    warned = [];
  });
  afterEach(() => end());

  const watch = () => {
    end = watchHosts(
      () => unfinished,
      async (hosts) => {
        asked.push(hosts.map(({ name }) => name));
        return answers[Math.min(asked.length, answers.length) - 1] ?? [];
      },
      (words) => warned.push(words),
      seconds,
    );
  };
  const rounds = (count: number) => until(`${count} rounds`, 10, async () => asked.length >= count);

  it("hosts that answer are no word worth", async () => {
    watch();
    await rounds(5);
    assert.deepEqual(warned, []);
  });

  it("a host that misses one answer isn't lost", async () => {
    answers = [[first], [first, second], [first], [first, second]];
    watch();
    await rounds(6);
    assert.deepEqual(warned, []);
  });

  it("a host that misses two in a row is told once, with its steps and what to do", async () => {
    answers = [[first, second], [second]];
    watch();
    await rounds(7);
    assert.equal(warned.length, 1);
    assert.match(warned[0] ?? "", new RegExp(`^${first.name} \\(${first.address}\\) doesn't answer SSH any more`));
    assert.match(
      warned[0] ?? "",
      /Not ended there: etcd-member, verify\. Bring the host back, then run the same command/,
    );
  });

  it("a host that came back and is lost again is told again", async () => {
    answers = [[second], [second], [first, second], [second]];
    watch();
    await rounds(6);
    assert.equal(warned.length, 2);
  });

  it("a host whose steps have ended isn't asked, and the watch ends with the last step", async () => {
    watch();
    await rounds(1);
    unfinished.delete(second);
    await rounds(3);
    assert.deepEqual(asked.at(-1), [first.name]);
    unfinished.clear();
    await new Promise((next) => setTimeout(next, 3000 * seconds));
    const before = asked.length;
    unfinished.set(first, ["verify"]);
    await new Promise((next) => setTimeout(next, 5000 * seconds));
    assert.equal(asked.length, before);
  });

  it("a question that fails ends nothing", async () => {
    let times = 0;
    end = watchHosts(
      () => unfinished,
      async () => {
        times++;
        throw new Error("no route");
      },
      (words) => warned.push(words),
      seconds,
    );
    await until("asked again", 10, async () => times >= 3);
    assert.deepEqual(warned, []);
  });
});
