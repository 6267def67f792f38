import { commandOf, type Process } from "../../runtimes/process";

/** What a host's static pod has otherwise than kubeadm plans it. */
export interface Difference {
  /** Lines "- planned" and "+ found" of what kubeadm writes and isn't there: the topology describes another cluster. */
  other: string[];
  /** Lines "+ found" of what a patch or a hand has added: every act keeps it. */
  added: string[];
}

/** Arguments of etcd that follow from the moment in which a member joined; etcd reads them only until it has data. */
const ofTheJoin = ["--initial-cluster", "--initial-cluster-state"];

/** Compares a running static pod with the planned one: image, and arguments by their names. */
export function differencesFrom(planned: Process, found: Process): Difference {
  const [wanted, has] = [argumentsOf(planned), argumentsOf(found)];
  const lines: Difference = { other: [], added: [] };
  if (planned.image !== found.image) {
    lines.other.push(`- image ${planned.image}`, `+ image ${found.image}`);
  }
  for (const [name, text] of wanted) {
    const own = has.get(name);
    if (own === text || ofTheJoin.includes(name)) continue;
    lines.other.push(`- ${text}`, ...(own === undefined ? [] : [`+ ${own}`]));
  }
  for (const [name, text] of has) {
    if (!wanted.has(name) && !ofTheJoin.includes(name)) lines.added.push(`+ ${text}`);
  }
  return lines;
}

/** The program and its arguments by their names; of an argument that is given twice, both. */
function argumentsOf(process: Process): Map<string, string> {
  const byName = new Map<string, string>();
  for (const word of commandOf(process)) {
    const name = word.split("=")[0] ?? word;
    byName.set(name, [byName.get(name), word].filter((part) => part !== undefined).join(" "));
  }
  return byName;
}
