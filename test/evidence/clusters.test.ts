import assert from "node:assert/strict";
import { clustersMarkdown } from "../../evidence/clusters-markdown";
import { clustersHtml } from "../../evidence/clusters-page";
import { clustersHeadline, secondsToFirstWrite } from "../../evidence/clusters-report";
import { act, finished, manyOutcomes, previewOfTwenty } from "./clusters";

describe("the report of several clusters", () => {
  it("has a headline that counts those that serve and names the others", () => {
    assert.equal(
      clustersHeadline(manyOutcomes),
      "Loss of datacenter a: 1 of 5 clusters serve again; FAILED: shop; refused, nothing was changed: mail; cancelled: wiki; not begun: blog",
    );
    assert.equal(
      clustersHeadline(previewOfTwenty),
      "Preview of the loss of datacenter a: 19 of 20 clusters can fail over; stopped by guards: a-cluster-with-a-long-name-07",
    );
    const none = { ...manyOutcomes, clusters: manyOutcomes.clusters.slice(-2) };
    assert.equal(clustersHeadline(none), "Loss of datacenter a: it stops no cluster");
  });

  it("counts a first write from the command for all; in a rerun from the act's own", () => {
    const [web] = manyOutcomes.clusters;
    assert.ok(web);
    const own = finished.rto.seconds ?? 0;
    assert.equal(secondsToFirstWrite(manyOutcomes, web)?.toFixed(1), (own + 2).toFixed(1));
    const rerun = { ...manyOutcomes, startedAt: new Date(act.commandAt + 60_000).toISOString() };
    assert.equal(secondsToFirstWrite(rerun, web), own);
  });

  it("as text: those that need somebody first, those without a failover apart, and the failed cluster's own report", () => {
    const text = clustersMarkdown(manyOutcomes);
    assert.match(
      text,
      /^\| shop \| failed \|.*\n\| mail \| refused \|.*\n\| wiki \| cancelled \|.*\n\| blog \| not begun \|.*\n\| web \| finished \| \d+\.\d s, target 5\.0 s: missed \|/m,
    );
    assert.match(
      text,
      /^## No failover needed\n\n- calm: not needed; 2 of 3 voters survive, a majority is 2\n- far: not hit; it has no host in a$/m,
    );
    assert.match(text, /^## shop\n\n## Failover of datacenter a, epoch 2: FAILED on its way$/m);
    assert.match(text, /- slowest first write: web, /);
  });

  it("as a page: everything that hosts recorded is text", () => {
    const page = clustersHtml(manyOutcomes);
    assert.match(page, /&lt;b&gt;disk full/);
    assert.doesNotMatch(page, /<b>disk/);
    assert.match(page, /<details open>/);
    for (const { cluster } of manyOutcomes.clusters) assert.ok(page.includes(`<strong>${cluster}</strong>`), cluster);
  });
});
