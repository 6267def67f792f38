import type { Running } from "../runtimes/running";
import type { Runtime } from "../runtimes/runtime";

/**
 * The processes of a host by name, from a section of its report.
 * @param section a line for each process, as its runtime prints it; the section is `processes`
 * @throws SyntaxError if a line is cut
 */
export function readProcesses(section: string | undefined, runtime: Runtime): Record<string, Running> {
  const lines = (section ?? "").split("\n").filter((line) => line !== "");
  return Object.fromEntries(lines.map(runtime.read).map((found) => [found.name, found]));
}
