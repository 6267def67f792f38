export type Logging = "stdout" | "stderr" | "stdoutAndStderr" | "none";

export const LOGGINGS: readonly Logging[] = ["stdout", "stderr", "stdoutAndStderr", "none"];

/** The official provider's reader of log lines stops at a longer one, and then the command never ends. */
const LONGEST_LINE = 64 * 1024;

/** Collects what a command writes, and hands on whole lines of the streams that are to be logged. */
export class Output {
  private readonly chunks = { stdout: [] as Buffer[], stderr: [] as Buffer[], both: [] as Buffer[] };
  private rest = "";

  constructor(
    private readonly logging: Logging | undefined,
    private readonly logLine: (line: string) => void,
    private readonly onEndlessLine: (error: Error) => void,
  ) {}

  add(stream: "stdout" | "stderr", chunk: Buffer): void {
    this.chunks[stream].push(chunk);
    this.chunks.both.push(chunk);
    const { logging = "stdoutAndStderr" } = this;
    if (logging !== stream && logging !== "stdoutAndStderr") return;
    const lines = (this.rest + chunk.toString("utf8")).split("\n");
    this.rest = lines.pop() ?? "";
    for (const line of lines) this.log(line);
    if (this.rest.length > LONGEST_LINE) this.log(this.rest);
  }

  /** Hands on a last line that has no newline. */
  end(): void {
    if (this.rest !== "") this.log(this.rest);
    this.rest = "";
  }

  private log(line: string): void {
    if (line.length > LONGEST_LINE) {
      const rule = `a line of more than ${LONGEST_LINE} bytes with logging on hangs the official provider`;
      this.onEndlessLine(new Error(`stand-in: ${rule}; set logging: "none"`));
      return;
    }
    const text = line.replace(/\r$/, "");
    if (text !== "") this.logLine(text);
  }

  /** The stream's text without one final newline. */
  text(stream: "stdout" | "stderr"): string {
    return Buffer.concat(this.chunks[stream]).toString("utf8").replace(/\n$/, "");
  }

  /** Both streams, in the order of arrival. */
  everything(): string {
    return Buffer.concat(this.chunks.both).toString("utf8");
  }
}

/** A text in double quotes with Go's escapes, as error messages show a command. */
export function quoted(text: string): string {
  const named: Record<string, string> = {
    "\x07": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    '"': '\\"',
    "\\": "\\\\",
  };
  const escaped = (character: string) =>
    named[character] ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is escaped here
  return `"${text.replace(/["\\\x00-\x1f\x7f]/g, escaped)}"`;
}
