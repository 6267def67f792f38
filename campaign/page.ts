/** docs/campaign.md: its head, and the table of the records; docs/campaign-runs.jsonl: the records of all machines, which git keeps. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type RunRecord, readRecords, recordLines, together } from "./table/record";
import { campaignTable } from "./table/table";

const PAGE = "docs/campaign.md";
const RUNS = join(__dirname, "../docs/campaign-runs.jsonl");

/** @param records this machine's, which are added to those in git @returns the page's path in the project */
export function writePage(records: readonly RunRecord[]): string {
  const all = together(readRecords(readFileSync(RUNS, "utf8")), records);
  writeFileSync(RUNS, recordLines(all));
  writeFileSync(join(__dirname, "..", PAGE), `${HEAD}\n${campaignTable(all).trimEnd()}\n`);
  return PAGE;
}

const HEAD = `# The campaign

Written by \`npm run campaign -- --write\` from the records of runs ([campaign-runs.jsonl](campaign-runs.jsonl)). A run is drawn from its seed: topology, etcd, data, what happened in
peace, the disaster, what goes wrong during the act, the order of the return, the failback, the next disaster. An operator who
knows only what the program prints goes through it in the [lab](../lab/README.md), with its stand-ins. Clients write at each side, an informer that
nobody restarts watches, and a pure judge (\`campaign/judge/\`) goes over the recorded history. \`npm run campaign -- --seed N\` runs a seed
again; "came about" counts the runs in which a drawn choice was really seen.
`;
