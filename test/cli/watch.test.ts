import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { get, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Watched, watchServer } from "../../cli/watch";
import { actReport } from "../../evidence/act-report";
import { reportHtml } from "../../evidence/page";
import { reportedHosts, type View } from "../../evidence/view";
import { until } from "../../lab/machine/run";
import { allHosts } from "../../plan/topology/topology";
import { type Browser, chromium } from "../evidence/chromium";
import { quiet, WatchedAct } from "../evidence/watched";

const root = join(__dirname, "../..");
const watched = new WatchedAct();
const { topology } = watched.act;

describe("the page of a watched act", () => {
  let server: Server;
  let port = 0;
  let view: View = watched.view(watched.begin("first-write") + 400);
  before(async () => {
    server = watchServer(() => view).listen(0, "127.0.0.1");
    await once(server, "listening");
    ({ port } = server.address() as AddressInfo);
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  const fetched = async (path: string, options: { method?: string; host?: string } = {}) => {
    const asked = request({
      port,
      path,
      method: options.method ?? "GET",
      headers: { host: options.host ?? "localhost" },
    });
    asked.end();
    const [response] = await once(asked, "response");
    let text = "";
    for await (const piece of response.setEncoding("utf8")) text += piece;
    return { status: response.statusCode as number, headers: response.headers as Record<string, string>, text };
  };

  it("loads a script of its own, and may load nothing else", async () => {
    const { status, headers, text } = await fetched("/");
    assert.equal(status, 200);
    assert.deepEqual(text.match(/(src|href)="[^"]*"/g), ['src="page.js"']);
    assert.match(headers["content-security-policy"] ?? "", /^default-src 'none'; /);
    assert.equal((await fetched("/page.js")).headers["content-type"], "text/javascript; charset=utf-8");
  });

  it("a page of elsewhere can't read it by another name of this machine", async () => {
    assert.equal((await fetched("/", { host: "evil.example" })).status, 403);
    assert.equal((await fetched("/report.json", { host: "evil.example:8321" })).status, 403);
  });

  it("nothing can be changed by it", async () => {
    assert.equal((await fetched("/", { method: "POST" })).status, 405);
  });

  it("an unknown page is refused with the known ones", async () => {
    const { status, text } = await fetched("/nothing");
    assert.deepEqual([status, text], [404, "page: must be one of / /report.html /report.md /report.json\n"]);
  });

  it("the report of an act that is over is the one that `npm run report` makes", async () => {
    const { evidence, results } = watched.act;
    view = watched.view(watched.begin("verify") + 60_000);
    const report = actReport(evidence, results, [], { hosts: reportedHosts(topology) });
    assert.equal((await fetched("/report.html")).text, reportHtml(report));
    assert.deepEqual(JSON.parse((await fetched("/report.json")).text), JSON.parse(JSON.stringify(report)));
    assert.match((await fetched("/report.md")).text, /^# Failover of datacenter a, epoch 2: finished\n/);
  });

  it("without an act there is no report", async () => {
    view = new Watched(topology).view(0);
    assert.equal((await fetched("/report.html")).status, 404);
  });

  it("a reader gets each part once, and again when it has changed", async () => {
    view = watched.view(watched.begin("first-write") + 400);
    const asked = get({ port, path: "/events" });
    const [response] = await once(asked, "response");
    const events: Record<string, string>[] = [];
    response.setEncoding("utf8").on("data", (text: string) => {
      for (const [, data = ""] of text.matchAll(/^event: parts\ndata: (.*)$/gm)) events.push(JSON.parse(data).parts);
    });
    await until("all parts", 10, async () => events.length === 1);
    assert.deepEqual(Object.keys(events[0] ?? {}), [
      ...["head", "figures", "topology", "timeline", "steps", "guards", "sources", "aside"],
    ]);
    view = watched.view(watched.begin("first-write") + 500);
    await until("what changed", 10, async () => events.length === 2);
    asked.destroy();
    assert.deepEqual(Object.keys(events[1] ?? {}), ["figures", "timeline", "steps"]);
  });

  const found = chromium();
  const inChromium = "reason" in found ? it.skip : it;
  inChromium(
    `in chromium it follows the act, and keeps what hasn't changed${"reason" in found ? ` (skipped: ${found.reason})` : ""}`,
    async () => {
      assert.ok("launch" in found);
      const browser: Browser = await found.launch();
      try {
        view = watched.view(watched.begin("first-write") + 400);
        const page = await browser.newPage();
        const complaints: string[] = [];
        page.on("pageerror", (error) => complaints.push(error.toString()));
        page.on("console", (line) => complaints.push(line.toString()));
        await page.goto(`http://127.0.0.1:${port}/`);
        const shows = async (words: RegExp) => words.test((await page.textContent("body")) ?? "");
        await until("the running step", 10, () => shows(/Runs now: first-write on master3\./));
        await page.evaluate(`document.querySelector("#guards").marked = true`);
        view = watched.view(watched.begin("verify") + 60_000);
        await until("the end", 10, () => shows(/epoch 2: finished/));
        assert.equal(
          await page.evaluate(`document.querySelector("#guards").marked`),
          true,
          "an unchanged part was replaced",
        );
        assert.deepEqual(complaints, []);
      } finally {
        await browser.close();
      }
    },
  );
});

describe("what is heard of the hosts, as a page", () => {
  const hosts = allHosts(topology);
  const hear = (seen: Watched, at: number, api: boolean) => {
    for (const host of hosts) {
      const progress = quiet(host.name, { serves: { api } });
      seen.hear(host, { beat: { at, progress } }, at);
    }
  };

  it("before an act the clients' gap counts from the moment at which an API was ready last", () => {
    const seen = new Watched(topology);
    assert.equal(seen.view(0).gap?.seconds, undefined);
    hear(seen, 1000, true);
    assert.equal(seen.view(1500).gap?.seconds, 0);
    hear(seen, 3000, false);
    assert.equal(seen.view(5000).gap?.seconds, 4);
  });

  it("hosts without an answer are named, those that an act has given up aren't", () => {
    const seen = new Watched(topology);
    for (const host of hosts) seen.hear(host, { silent: "no word" }, 0);
    assert.deepEqual(seen.view(0).words, ["Without an answer: master1, master2, node1, master3, node2."]);
    assert.deepEqual(watched.view(watched.begin("verify") + 60_000).words.length, 1);
  });

  it("a lost host that answers is pointed out", () => {
    const heard = watched.heard(watched.begin("rke-up"));
    const seen = new Watched(topology);
    for (const [name, h] of heard) seen.hear({ name }, h, 0);
    seen.hear({ name: "master1" }, { beat: { at: 0, progress: quiet("master1") } }, 0);
    const master1 = seen.view(0).hosts.find((h) => h.name === "master1");
    assert.deepEqual(master1?.state, { words: "given up, but answers", tone: "bad" });
  });

  it("an act without evidence, as a failback: its steps are those that the hosts record", () => {
    const seen = new Watched(topology);
    const record = {
      ...watched.act.results[0],
      step: "etcd-join",
      host: "master1",
      epoch: 3,
      startedAt: 500,
      milliseconds: 100,
    };
    const progress = quiet("master1", {
      epoch: 3,
      act: "primary",
      steps: [record as (typeof watched.act.results)[number]],
      running: [{ step: "leader", epoch: 3, startedAt: 700 }],
    });
    seen.hear({ name: "master1" }, { beat: { at: 1700, progress } }, 1700);
    const view = seen.view(1700);
    assert.equal(view.headline, "Act primary, epoch 3: under way");
    assert.deepEqual(
      view.steps.map((s) => [s.step, s.outcome, s.seconds]),
      [
        ["etcd-join", "done", 0.1],
        ["leader", "running", 1],
      ],
    );
  });
});

describe("npm run watch", () => {
  const run = (...args: string[]) =>
    spawnSync(process.execPath, ["--import", "tsx", "cli/watch.ts", ...args], { cwd: root, encoding: "utf8" });

  for (const [what, args, message] of [
    ["a port that is none", ["--port", "99999"], '--port: must be a number from 0 to 65535: "99999"\n'],
    ["a topology that isn't there", ["--topology", "nowhere.yaml"], "nowhere.yaml: can't be read (ENOENT)\n"],
  ] as const) {
    it(`${what} is refused`, () => {
      const { status, stdout, stderr } = run(...args);
      assert.deepEqual([status, stdout, stderr], [1, "", message]);
    });
  }
});
