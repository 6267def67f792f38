import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fleetTopology } from "../../bench/fleet-topology";
import { actReport } from "../../evidence/act-report";
import { clustersHtml } from "../../evidence/clusters-page";
import { pageHtml } from "../../evidence/page";
import { liveView, reportedHosts, reportView, type View } from "../../evidence/view";
import { allHosts } from "../../plan/topology/topology";
import { type Browser, chromium } from "./chromium";
import { manyOutcomes, previewOfTwenty } from "./clusters";
import { quiet, WatchedAct } from "./watched";

const watched = new WatchedAct();
const { act } = watched;
const finished = actReport(act.evidence, act.results, [], { hosts: reportedHosts(act.topology) });
const rkeUp = watched.begin("rke-up");
const failed = {
  step: "rke-up",
  host: "master3",
  epoch: 2,
  generation: 1,
  startedAt: rkeUp,
  milliseconds: 1200,
  did: [],
  exit: 1,
  error: `rke: \`rke up\` failed with 1: ${"/a/very/long/path".repeat(12)}`,
};
const fleet = fleetTopology(60);

/** Pages of several clusters, beside the views of one. */
const pages: Record<string, string> = {
  "several clusters": clustersHtml(manyOutcomes),
  "preview of twenty clusters": clustersHtml(previewOfTwenty),
};

const views: Record<string, View> = {
  "peace, three hosts silent": liveView(
    act.topology,
    new Map(
      allHosts(act.topology).map(({ name }) => [
        name,
        act.evidence.lostHosts.includes(name)
          ? { silent: "no word for 4 s" }
          : { beat: { at: 0, progress: quiet(name, { serves: { etcd: false, api: false } }) }, heardAt: 0 },
      ]),
    ),
    8000,
    1000,
  ),
  "before the first write": watched.view(watched.begin("first-write") + 400),
  "after the first write": watched.view(rkeUp + 4000, {
    log: [{ at: rkeUp, step: "rke-up", text: "rke up: building Kubernetes cluster, as RKE says it on its own lines" }],
  }),
  "failed on its way": watched.view(rkeUp + 5000, { failures: [failed] }),
  finished: reportView(finished),
  "sixty hosts": liveView(
    fleet,
    new Map(allHosts(fleet).map(({ name }) => [name, { silent: "no word for 4 s" }])),
    0,
    undefined,
  ),
};

const markup = '<b id="x">&</b>';

/** All copies of a value in which one leaf, a text or a number, is replaced. */
function replacedLeaves(value: unknown, by: string): unknown[] {
  if (typeof value === "string" || typeof value === "number") return [by];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    replacedLeaves(inner, by).map((one) =>
      Array.isArray(value) ? value.map((old, i) => (String(i) === key ? one : old)) : { ...value, [key]: one },
    ),
  );
}

describe("the page of a report whose records hold markup in the place of one value", () => {
  it("shows it as text, whichever value it is", () => {
    const pages = replacedLeaves(finished, markup).flatMap((report) => {
      try {
        return [pageHtml(reportView(report as typeof finished))];
      } catch (error) {
        // what must be a number and is none
        assert.ok(error instanceof TypeError || error instanceof RangeError, `${error}`);
        return [];
      }
    });
    assert.ok(pages.length > 100);
    assert.ok(pages.some((page) => page.includes("&lt;b id=&quot;x&quot;&gt;&amp;&lt;/b&gt;")));
    assert.equal(pages.filter((page) => page.includes("<b id")).length, 0);
  });
});

/** An expression for the browser, whose value is a list of texts that can hardly be read. */
const faintTexts = readFileSync(join(__dirname, "faint-texts.js"), "utf8");

const found = chromium();
const suite = "reason" in found ? describe.skip : describe;
suite(`the page in chromium${"reason" in found ? ` (skipped: ${found.reason})` : ""}`, () => {
  let browser: Browser;
  let server: Server;
  let origin = "";
  before(async () => {
    assert.ok("launch" in found);
    browser = await found.launch();
    server = createServer((request, response) => {
      const name = decodeURIComponent(request.url?.slice(1) ?? "");
      const view = views[name];
      const page = view ? pageHtml(view) : pages[name];
      response.writeHead(page ? 200 : 404, { "content-type": "text/html; charset=utf-8" }).end(page);
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(async () => {
    await browser?.close();
    server?.close();
  });

  for (const name of [...Object.keys(views), ...Object.keys(pages)]) {
    it(`${name}: light and dark, 400 and 1600 px wide, nothing is cut off, and every text has contrast`, async () => {
      const page = await browser.newPage();
      const complaints: string[] = [];
      page.on("pageerror", (error) => complaints.push(error.toString()));
      page.on("request", (request) => {
        if (!request.url().startsWith(origin)) complaints.push(request.url());
      });
      await page.goto(`${origin}/${encodeURIComponent(name)}`);
      for (const colorScheme of ["light", "dark"] as const) {
        for (const width of [400, 1600]) {
          await page.setViewportSize({ width, height: 900 });
          await page.emulateMedia({ colorScheme });
          const at = `${colorScheme}, ${width} px`;
          if ((await page.evaluate(() => document.documentElement.scrollWidth)) > width)
            complaints.push(`${at}: too wide`);
          const cut = await page.evaluate(() =>
            [...document.querySelectorAll("main *")]
              .filter((e) => (e as HTMLElement).offsetParent && e.getBoundingClientRect().right > innerWidth + 0.5)
              .map((e) => e.outerHTML.slice(0, 120)),
          );
          complaints.push(...cut.map((html) => `${at}: cut off: ${html}`));
          complaints.push(...(await page.evaluate<string[]>(faintTexts)).map((text) => `${at}: faint: ${text}`));
          // RKE_DR_SCREENSHOTS=FOLDER: pictures for people
          const folder = process.env.RKE_DR_SCREENSHOTS;
          if (folder) {
            const file = `${name.replaceAll(/\W+/g, "-")}-${colorScheme}-${width}.png`;
            await page.screenshot({ path: join(folder, file), fullPage: true });
          }
        }
      }
      await page.close();
      assert.deepEqual(complaints, []);
    });
  }

  it("sees a page that is too wide, and a text without contrast", async () => {
    views.bad = { ...reportView(finished), headline: "x" };
    const page = await browser.newPage();
    await page.setViewportSize({ width: 400, height: 900 });
    await page.goto(`${origin}/bad`);
    await page.evaluate(() => {
      document.querySelector("h1")?.setAttribute("style", "color: #ddd; width: 600px");
    });
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) > 400);
    assert.match((await page.evaluate<string[]>(faintTexts)).join(), /^x: 1\.\d/);
    await page.close();
  });
});
