/**
 * `npm run -s report -- --last`: the report of the last failover, as Markdown; `--json` as JSON, `--html FILE` as a page.
 * It is made from the survivors' records, read by SSH, so it covers an act that ended half-way, too. If no host answers, the
 * output of the failover stack is read instead (`pulumi stack output report`).
 */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { type ActReport, actReport } from "../evidence/act-report";
import { lastAct } from "../evidence/collected";
import { reportMarkdown } from "../evidence/markdown";
import { reportHtml } from "../evidence/page";
import { reportedHosts } from "../evidence/view";
import { observe } from "../observe/observe";
import { allHosts, type Topology } from "../plan/topology/topology";
import { readSshAccess } from "../reach/ssh-access";
import { errorWords, print } from "./command";
import { chosenStack, chosenTopology, topologyOptions } from "./topology-file";
import { asksForHelp } from "./usage";

const usage = `usage: npm run -s report -- --last [--json | --html FILE] [--project FOLDER] [--cluster NAME | --topology PATH]

The report of the last failover, from what the survivors recorded; as Markdown, as JSON, or as a page.
`;

async function body(argv: string[]): Promise<string> {
  if (asksForHelp(argv)) {
    return usage;
  }
  const { values } = parseArgs({
    args: argv,
    options: {
      last: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      html: { type: "string" },
      ...topologyOptions,
    },
  });
  if (!values.last || (values.json && values.html !== undefined)) {
    throw new Error(usage.trimEnd());
  }
  const report = await lastReport(chosenTopology(values, "failover"), chosenStack(values, "failover"));
  if (values.html !== undefined) {
    writeFileSync(values.html, reportHtml(report));
    return `wrote ${values.html}\n`;
  }
  return values.json ? `${JSON.stringify(report, null, 2)}\n` : reportMarkdown(report);
}

/**
 * The report of the last failover, by the hosts' records; if none answers, by the output of the failover stack.
 * @throws Error if there is none
 */
export async function lastReport(topology: Topology, stack = "failover"): Promise<ActReport> {
  const seen = await observe(allHosts(topology), [], readSshAccess(topology), 0, topology.installer).whole;
  const found = lastAct(Object.values(seen.hosts));
  switch (found.kind) {
    case "act":
      return actReport(found.evidence, found.results, found.failures, { hosts: reportedHosts(topology) });
    case "none":
      throw new Error(`no host of cluster ${topology.cluster} has a record of a failover (epochs: ${found.epochs})`);
    case "silent":
      return exported(found.reasons, stack);
    default:
      return found satisfies never;
  }
}

/** Without a host there is only what this machine's backend may hold. */
function exported(reasons: string[], stack: string): ActReport {
  try {
    const command = ["stack", "output", "report", "--json", "--stack", stack];
    return JSON.parse(
      execFileSync("pulumi", command, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }),
    ) as ActReport;
  } catch (error) {
    const why = (error as { stderr?: string }).stderr?.trim().split("\n").at(-1) ?? String(error);
    throw new Error(`no host answers (${reasons.join("; ")}), and stack ${stack} has no report: ${why}`);
  }
}

if (require.main === module) {
  body(process.argv.slice(2)).then(
    (stdout) => print({ status: 0, stdout, stderr: "" }),
    (error: unknown) => print({ status: 1, stdout: "", stderr: `${errorWords(error)}\n` }),
  );
}
