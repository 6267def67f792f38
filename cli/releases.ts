/**
 * `npm run releases`: writes docs/rke-releases.md from the table of RKE's releases.
 * `-- --check` writes nothing and exits 1 if the page is stale. `-- --from releases.json` makes the table itself first, from
 * a recording of every release's metadata; the page follows with the next run, since the table is compiled in.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { makeTable, tableText } from "../plan/installers/rke/releases/make-table";
import { releasesPage } from "../plan/installers/rke/releases/page";
import { type Outcome, outcome, print } from "./command";

const root = join(__dirname, "..");

/** Exit status: 0, or 1 if `--check` finds the page stale, or 2 if the command or the recording is wrong. */
export const releasesCommand = (argv: string[]): Outcome =>
  outcome(2, () => {
    const { values } = parseArgs({
      args: argv,
      options: {
        check: { type: "boolean", default: false },
        from: { type: "string" },
        page: { type: "string", default: join(root, "docs/rke-releases.md") },
        table: { type: "string", default: join(root, "plan/installers/rke/releases/table.json") },
      },
    });
    if (values.from !== undefined) {
      writeFileSync(values.table, tableText(makeTable(JSON.parse(readFileSync(values.from, "utf8")))));
      return { stdout: `wrote ${values.table}; run \`npm run releases\` for the page\n` };
    }
    if (values.check) {
      const isCurrent = readFileSync(values.page, "utf8") === releasesPage();
      return isCurrent ? {} : { status: 1, stdout: `${values.page} is stale: run \`npm run releases\`\n` };
    }
    writeFileSync(values.page, releasesPage());
    return { stdout: `wrote ${values.page}\n` };
  });

if (require.main === module) {
  print(releasesCommand(process.argv.slice(2)));
}
