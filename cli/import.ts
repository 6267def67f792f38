/**
 * `npm run import -- cluster.yml --datacenter a=HOST,... --datacenter b=HOST,... [--standby b] [-o FILE]`: the topology
 * of an existing RKE cluster, as it stands under `topology: value:` in Pulumi.yaml.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { importTopology } from "../plan/import";
import { type Outcome, outcome, tell } from "./command";

const usage =
  "usage: npm run import -- cluster.yml --datacenter a=HOST,... --datacenter b=HOST,... [--standby b] [-o FILE]";

/** Exit status: 0, or 1 where something is wrong or can't be carried over; then nothing is printed or written. */
export const importCommand = (argv: string[]): Outcome => outcome(1, () => body(argv));

function body(argv: string[]): Partial<Outcome> {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      datacenter: { type: "string", multiple: true, default: [] },
      standby: { type: "string" },
      output: { type: "string", short: "o" },
    },
  });
  const [path, ...more] = positionals;
  if (path === undefined || more.length > 0 || values.datacenter.length === 0) {
    throw new Error(usage);
  }
  const text = importTopology(read(path), { datacenters: readDatacenters(values.datacenter), standby: values.standby });
  if (values.output === undefined) {
    return { stdout: text };
  }
  write(values.output, text);
  return { stderr: `wrote ${values.output}\n` };
}

function readDatacenters(options: string[]): Record<string, string[]> {
  const datacenters = new Map<string, string[]>();
  for (const option of options) {
    const [, name, hosts] = /^([^=]+)=(.+)$/.exec(option) ?? [];
    if (name === undefined || hosts === undefined) {
      throw new Error(`--datacenter: is not NAME=HOST,HOST: ${JSON.stringify(option)}`);
    }
    const listed = hosts.split(",").map((h) => h.trim());
    datacenters.set(name, [...(datacenters.get(name) ?? []), ...listed.filter((h) => h !== "")]);
  }
  return Object.fromEntries(datacenters);
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new Error(`${path}: can't be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** A topology is not a whole Pulumi.yaml: that file stays. */
function write(path: string, text: string): void {
  if (existsSync(path) && /^runtime:/m.test(readFileSync(path, "utf8"))) {
    throw new Error(`${path}: is a Pulumi project; write elsewhere and paste it under topology: value:`);
  }
  writeFileSync(path, text);
}

if (require.main === module) {
  tell(importCommand(process.argv.slice(2)));
}
