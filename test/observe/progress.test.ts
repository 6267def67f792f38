import assert from "node:assert/strict";
import type { ServerChannel } from "ssh2";
import { until } from "../../lab/machine/run";
import { followProgress, type Heard } from "../../observe/progress";
import { allHosts } from "../../plan/topology/topology";
import { seed } from "../plan/worlds/topologies";
import { ended, listening, newKey, sshServer } from "../reach/ssh-server";

const key = newKey();
const reading = "@@ epoch\n2\n@@ serves\n@@ beat 1000\n";

describe("following what the steps on a host record", () => {
  let answer: (stream: ServerChannel) => void;
  let connections = 0;
  const server = sshServer(key, (stream) => {
    connections++;
    // a reader that goes is no error of the host's
    stream.on("error", () => undefined);
    answer(stream);
  });
  let port = 0;
  const heard: Heard[] = [];
  let end = () => {};
  const [first] = allHosts(seed());
  assert.ok(first);
  const host = { ...first, address: "127.0.0.1", hostKey: "unpinned" };
  const follow = (silence: number) => {
    heard.length = 0;
    connections = 0;
    end = followProgress([host], { user: "root", port, privateKey: key }, "rke", (_, h) => heard.push(h), {
      period: 0.1,
      silence,
      pause: 0.1,
    });
  };
  before(async () => {
    port = await listening(server);
  });
  afterEach(() => end());
  after(() => server.close());

  it("tells each beat", async () => {
    answer = (stream) => {
      stream.write(reading);
      setTimeout(() => stream.write("@@ beat 1500\n"), 50);
    };
    follow(10);
    await until("two beats", 10, async () => heard.length === 2);
    assert.deepEqual(
      heard.map((h) => "beat" in h && [h.beat.at, h.beat.progress.epoch]),
      [
        [1000, 2],
        [1500, 2],
      ],
    );
  });

  it("a host that says nothing more is silent, and is dialled again", async () => {
    answer = (stream) => {
      if (connections === 1) stream.write(reading);
    };
    follow(0.3);
    await until("a second connection", 10, async () => connections > 1);
    assert.deepEqual(heard[1], { silent: "no word for 0.3 s" });
  });

  it("a command that its time limit ended is begun anew, and the host isn't called silent", async () => {
    answer = (stream) => (connections === 1 ? ended(stream, 124, reading) : void stream.write(reading));
    follow(10);
    await until("a beat of the second connection", 10, async () => heard.length === 2);
    assert.ok(heard.every((h) => "beat" in h));
  });

  it("one that fails is told with its reason", async () => {
    answer = (stream) => {
      stream.stderr.write("bash: not found\n");
      ended(stream, 127);
    };
    follow(10);
    await until("the reason", 10, async () => heard.length > 0);
    assert.match(
      "silent" in (heard[0] ?? {}) ? (heard[0] as { silent: string }).silent : "",
      /ended with 127: bash: not found/,
    );
  });

  it("is over when it is ended", async () => {
    answer = (stream) => void stream.write(reading);
    follow(10);
    await until("a beat", 10, async () => heard.length === 1);
    end();
    await new Promise((next) => setTimeout(next, 400));
    assert.deepEqual([heard.length, connections], [1, 1]);
  });
});
