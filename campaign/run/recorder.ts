/** Writes down what happens in a run, as it happens. */
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { say } from "../../lab/machine/progress";
import type { Entry, History, Rules } from "../judge/history";

export class Recorder {
  private readonly entries: Entry[] = [];
  /** "AXIS: VALUE" each. */
  readonly reached = new Set<string>();

  /** @param folder gets history.jsonl, an entry a line */
  constructor(
    private readonly folder: string,
    readonly rules: Rules,
  ) {}

  add(...entries: Entry[]): void {
    for (const entry of entries) {
      this.entries.push(entry);
      appendFileSync(join(this.folder, "history.jsonl"), `${JSON.stringify(entry)}\n`);
    }
  }

  event(what: string): void {
    say(`campaign: ${what}`);
    this.add({ kind: "event", at: Date.now(), what });
  }

  /** The drawn choice came about. */
  reach(axis: string, value: string): void {
    this.reached.add(`${axis}: ${value}`);
  }

  /** Everything that the program printed so far. */
  printed(): string {
    return this.entries.map((entry) => (entry.kind === "command" ? entry.printed : "")).join("\n");
  }

  history(): History {
    return { rules: this.rules, entries: [...this.entries].sort((a, b) => a.at - b.at) };
  }
}
