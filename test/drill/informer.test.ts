import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseLog } from "../../drill/history";
import type { Heard } from "../../drill/informer";
import { until } from "../../lab/machine/run";

describe("a drill's informer", function () {
  this.timeout(60_000);

  it("writes down lists with their revision, changes with theirs, and none for what a list shows", async () => {
    const folder = mkdtempSync(join(tmpdir(), "rke-dr-informer-"));
    const log = join(folder, "heard.jsonl");
    const object = (name: string, resourceVersion: number) => ({
      metadata: { name, resourceVersion: `${resourceVersion}` },
    });
    // what the API has, and at which revision; the second list comes after the watch is refused as too old
    const lists = [
      { metadata: { resourceVersion: "100" }, items: [object("a-1", 90)] },
      { metadata: { resourceVersion: "200" }, items: [object("a-1", 90), object("b-1", 150)] },
    ];
    const watches: ServerResponse[] = [];
    let timer = "";
    // the client refuses a server without TLS
    const key = join(folder, "key.pem");
    const words =
      "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=api -addext subjectAltName=IP:127.0.0.1 -keyout";
    const ca = execFileSync("openssl", [...words.split(" "), key], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    const pair = { cert: ca, key: readFileSync(key, "utf8") };
    const server = createServer(pair, (request, response) => {
      response.setHeader("content-type", "application/json");
      // the kernel asks over a connection that waits for an answer, so that a server which has lost its power is noticed
      for (let i = 0; i < 50 && !timer.includes("keepalive"); i++)
        timer = spawnSync("ss", ["-tnoH", "dport", "=", `:${port}`], { encoding: "utf8" }).stdout;
      if (/[?&]watch=/.test(request.url ?? "")) watches.push(response.writeHead(200));
      else response.end(JSON.stringify({ kind: "ConfigMapList", apiVersion: "v1", ...(lists.shift() ?? {}) }));
      if (watches.length > 0) response.flushHeaders();
    });
    await new Promise<void>((listens) => server.listen(0, "127.0.0.1", listens));
    const { port } = server.address() as AddressInfo;
    const child = spawn(process.execPath, ["--import", "tsx", join(__dirname, "../../drill/informer.ts")], {
      stdio: ["pipe", "ignore", "inherit"],
    });
    const config = { server: `https://127.0.0.1:${port}`, ca, ...pair, namespace: "n", log };
    child.stdin.end(JSON.stringify(config));
    const heard = () => (existsSync(log) ? parseLog<Heard>(readFileSync(log, "utf8")) : []);
    try {
      await until("the first watch", 40, () => watches.length === 1);
      const send = (event: object) => watches.at(-1)?.write(`${JSON.stringify(event)}\n`);
      send({ type: "ADDED", object: object("a-2", 101) });
      send({ type: "DELETED", object: object("a-2", 102) });
      await until("three changes", 20, () => heard().length === 4);
      send({ type: "ERROR", object: { kind: "Status", code: 410, message: "too old resource version" } });
      watches.at(-1)?.end();
      await until("the second watch", 20, () => watches.length === 2);
      const told = heard().map((h) => [h.event, h.event === "list" ? h.names.join() : h.name, h.revision]);
      assert.match(timer, /timer:\(keepalive,/);
      assert.deepEqual(told, [
        ["list", "a-1", 100],
        ["add", "a-1", undefined],
        ["add", "a-2", 101],
        ["delete", "a-2", 102],
        ["list", "a-1,b-1", 200],
        ["add", "b-1", undefined],
      ]);
    } finally {
      child.kill("SIGKILL");
      server.closeAllConnections();
      server.close();
      rmSync(folder, { recursive: true });
    }
  });
});
