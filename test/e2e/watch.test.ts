import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ActReport } from "../../evidence/act-report";
import { until } from "../../lab/machine/run";
import { asOperator } from "../../lab/operator/operator";
import { type Browser, chromium, type Page } from "../evidence/chromium";
import { onRequest } from "./on-request";
import { World } from "./world";

const found = chromium();
const why = "reason" in found ? ` (skipped: ${found.reason})` : "";

onRequest("watch", `npm run watch shows a failover while it runs${why}`, function () {
  this.timeout(600_000);
  const world = new World();
  let server: ChildProcess;
  let browser: Browser;
  let page: Page;
  let origin = "";
  let lostAt = 0;
  const text = (selector = "main") => page.textContent(selector).then((words) => words ?? "");
  const shows = (what: string, seconds: number, words: RegExp) =>
    until(what, seconds, async () => words.test(await text()));
  const picture = async (name: string) => {
    const folder = process.env.RKE_DR_SCREENSHOTS;
    if (folder) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
  };

  before(async function () {
    if ("reason" in found) return this.skip();
    this.timeout(1_800_000);
    await world.build();
    const { project } = await world.lab.project();
    const [program = "", ...args] = asOperator(world.lab.place, [
      ...[process.execPath, "--import", "tsx", "cli/watch.ts", "--port", "0"],
    ]);
    server = spawn(program, args, { cwd: project, stdio: ["ignore", "pipe", "inherit"] });
    assert.ok(server.stdout);
    const [said] = (await once(server.stdout, "data")) as [Buffer];
    origin = /http:\/\/127\.0\.0\.1:\d+/.exec(String(said))?.[0] ?? "";
    assert.notEqual(origin, "", String(said));
    // the page is on the operator's loopback: the browser must be there, too
    const wrapper = join(mkdtempSync(join(tmpdir(), "rke-dr-chromium-")), "chromium");
    const command = asOperator(world.lab.place, [found.path]).map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
    writeFileSync(wrapper, `#!/bin/sh\nexec ${command.join(" ")} "$@"\n`, { mode: 0o755 });
    browser = await found.launch(wrapper);
    page = await browser.newPage();
    await page.setViewportSize({ width: 1600, height: 900 });
    await page.goto(origin);
  });
  after(async () => {
    await browser?.close();
    server?.kill();
    await world.lab.down();
  });

  it("in peace: every host answers, etcd has its majority, the API is ready", async () => {
    await shows("the page: three APIs are ready", 60, /(the API is ready.*){3}/s);
    const words = await text();
    assert.match(words, /Nothing runs; the last act was primary, epoch 1/);
    assert.equal(words.match(/etcd reads with a majority/g)?.length, 3);
    assert.match(words, /Clients' gap\s*0\.0 s/);
    await picture("lab-peace");
  });

  it("a datacenter loses its power: its hosts are named, and the clients' gap counts", async () => {
    await world.wrote("written-before");
    lostAt = Date.now();
    await world.lab.powerOff("a");
    await shows("the page: the lost hosts", 30, /Without an answer: master1, master2, node1\./);
    await shows("the page: no majority", 30, /etcd has no majority.*the API isn't ready/s);
    const gap = Number(/Clients' gap\s*([\d.]+) s/.exec(await text("#figures"))?.[1]);
    assert.ok(Math.abs(gap - (Date.now() - lostAt) / 1000) < 15, `${gap} s`);
    await picture("lab-lost");
  });

  it("while `up` runs: each step as it runs, the guards, and the recovery time counts", async () => {
    const clone = await world.confirmed("watched");
    // noted in the page itself, by each change: a step of a second isn't missed
    await page.evaluate(`
      window.seen = [];
      new MutationObserver(() => {
        const words = document.querySelector("#head").innerText + " / " + document.querySelector("#figures").innerText.replaceAll("\\n", " ");
        window.seen.push(words.replaceAll("\\n", " "));
      }).observe(document.querySelector("main"), { childList: true });
    `);
    const up = world.failover(clone);
    await shows("the page: the act is under way", 60, /Failover of datacenter a, epoch 2: under way/);
    await picture("lab-under-way");
    await shows("the page: the first write", 60, /epoch 2: the API serves, under way/);
    await picture("lab-serves");
    const result = await up;
    assert.equal(result.code, 0, result.all);
    await shows("the page: the act is finished", 20, /epoch 2: finished/);
    await picture("lab-finished");
    const seen = await page.evaluate<string[]>("window.seen");
    const running = new Set(seen.flatMap((words) => [...words.matchAll(/(\S+) on (\S+?)[,.]/g)].map(([step]) => step)));
    console.log(`      steps that were seen while they ran: ${[...running].join(" ")}`);
    for (const step of ["etcd-member", "first-write", "rke-up"]) {
      assert.ok(
        [...running].some((words) => words.startsWith(`${step} on master3`)),
        step,
      );
    }
    assert.ok(seen.some((words) => /Recovery time so far\s+[\d.]+ s/.test(words)));
  });

  it("at its end the page is the report, and `npm run report` makes the same one", async () => {
    const { project } = await world.lab.project();
    const file = join(tmpdir(), `rke-dr-watch-${process.pid}.html`);
    const told = await world.report({ project, backend: "" }, "--html", file);
    assert.equal(told.code, 0, told.stderr);
    const live = await page.evaluate<string>(`fetch("report.html").then((r) => r.text())`);
    assert.equal(live, readFileSync(file, "utf8"));
    const report = JSON.parse((await world.report({ project, backend: "" }, "--json")).stdout) as ActReport;
    assert.equal(report.outcome, "finished");
    const real = (Date.parse(report.firstWriteAt ?? "") - lostAt) / 1000;
    console.log(
      `      clients' gap: ${report.gap.seconds} s by the report, ${real.toFixed(1)} s from the power cut to the first write`,
    );
    // the cut took a moment, and the newest Lease is a few seconds older than it at most
    assert.ok(Math.abs((report.gap.seconds ?? 0) - real) < 10);
    await page.evaluate("window.seen = []");
    await page.setViewportSize({ width: 400, height: 900 });
    assert.equal(await page.evaluate("document.documentElement.scrollWidth"), 400);
    await picture("lab-finished-400");
  });

  it("says so when it isn't live any more", async () => {
    server.kill();
    await until("the page: not live", 10, async () => /Not live any more/.test(await text("body")));
  });
});
