/**
 * A file of a unit's `EnvironmentFile=`, as data: every byte is in the text of one line, so that a file that nothing was changed in is
 * written as it was read. The values are those that systemd gives the process (src/basic/env-file.c, parse_env_file_internal).
 */
export interface EnvFile {
  lines: EnvLine[];
}

/** A logical line: a comment, an empty line, or an assignment, which quotes or a backslash may stretch over several lines of the file. */
export interface EnvLine {
  /** With the end of line that it has in the file. */
  text: string;
  /** Undefined if systemd takes no variable from this line. */
  variable?: { name: string; value: string };
}

/** What systemd ends a line at, and what it skips before a name and a value. */
const isNewline = (c: string): boolean => c === "\n" || c === "\r";
const isBlank = (c: string): boolean => c === " " || c === "\t" || isNewline(c);
/** env_name_is_valid of systemd; lines with other names are ignored there. */
const isName = (name: string): boolean => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);

/** Reads a file; nothing is an error, as for systemd. `envFileProblems` says what deserves one. */
export function readEnvFile(text: string): EnvFile {
  const lines: EnvLine[] = [];
  let at = 0;
  while (at < text.length) {
    const { end, variable } = readLine(text, at);
    lines.push({ text: text.slice(at, end), ...(variable && isName(variable.name) ? { variable } : {}) });
    at = end;
  }
  return { lines };
}

export const writeEnvFile = ({ lines }: EnvFile): string => lines.map((line) => line.text).join("");

/** The variables that the process gets: of several lines with one name the last one counts. */
export function variablesOf({ lines }: EnvFile): Map<string, string> {
  return new Map(lines.flatMap(({ variable }) => (variable ? [[variable.name, variable.value] as const] : [])));
}

/**
 * The same file with a variable set: in the last line that sets it, else in a new line at the end. A line that already gives this value stays
 * as it is, byte by byte.
 */
export function withVariable(file: EnvFile, name: string, value: string): EnvFile {
  const at = file.lines.map((line) => line.variable?.name).lastIndexOf(name);
  const found = file.lines[at];
  if (found?.variable?.value === value) {
    return file;
  }
  const line = { text: `${name}=${quoted(value)}\n`, variable: { name, value } };
  return found ? { lines: replacedAt(file.lines, at, line) } : { lines: [...ended(file).lines, line] };
}

/** The same file without a variable: without each line that sets it. */
export const withoutVariable = ({ lines }: EnvFile, name: string): EnvFile => ({
  lines: lines.filter(({ variable }) => variable?.name !== name),
});

/** The same file with a comment as its last line; `head` is its beginning, by which an earlier one of this kind is found and replaced. */
export function withLastComment(file: EnvFile, head: string, words: string): EnvFile {
  const others = file.lines.filter((line) => line.variable || !line.text.startsWith(head));
  return { lines: [...ended({ lines: others }).lines, { text: `${head}${words}\n` }] };
}

/** The words behind `head` in the last comment that begins with it. */
export const commentOf = ({ lines }: EnvFile, head: string): string | undefined =>
  lines
    .filter((line) => !line.variable && line.text.startsWith(head))
    .at(-1)
    ?.text.slice(head.length)
    .trim();

/**
 * Lines of a file that systemd reads in a way that nobody means, or that its versions read differently, each as `item: rule: value`.
 * @param item the file, as errors name it
 */
export function envFileProblems(text: string, item: string): string[] {
  const { lines } = readEnvFile(text);
  const number = (i: number) => lines.slice(0, i).reduce((n, line) => n + lineEnds(line.text), 1);
  return [
    ...(text.includes("\0") ? [`${item}: holds a NUL byte, behind which systemd reads nothing: \\0`] : []),
    ...lines.flatMap((line, i) => problemsOf(line, `${item} line ${number(i)}`)),
  ];
}

function problemsOf(line: EnvLine, item: string): string[] {
  const { text, variable } = line;
  const shown = JSON.stringify(text.trim().slice(0, 60));
  if (!variable) {
    if (/^\s*[#;]/.test(text)) {
      return /\\[\n\r]/.test(text)
        ? [
            `${item}: is a comment that ends with a backslash: systemd before 254 takes the next line for a part of it, later ones don't: ${shown}`,
          ]
        : [];
    }
    return text.trim() === "" ? [] : [`${item}: is no NAME=VALUE, so systemd ignores it: ${shown}`];
  }
  return isOpen(text)
    ? [`${item}: has a quote without an end, so it takes all that follows for its value: ${shown}`]
    : [];
}

const lineEnds = (text: string): number => text.split(/\r\n|\n|\r/).length - 1;

type State = "before value" | "value" | "escape" | "single" | "double" | "double escape";

/** @returns the end of the logical line that begins at `start`, and what it assigns, whatever the name is */
function readLine(text: string, start: number): { end: number; variable?: EnvLine["variable"]; state?: State } {
  let at = start;
  while (at < text.length && isBlank(text[at] ?? "")) {
    // an empty line is a line of its own
    if (isNewline(text[at++] ?? "")) {
      return { end: at };
    }
  }
  if (at >= text.length) {
    return { end: at };
  }
  if (text[at] === "#" || text[at] === ";") {
    return { end: commentEnd(text, at) };
  }
  // systemd takes the first sign for the name's, whatever it is: "=A=B" has the name "=A", which is none
  let name = text[at++] ?? "";
  for (; at < text.length && text[at] !== "="; at++) {
    if (isNewline(text[at] ?? "")) {
      return { end: at + 1 };
    }
    name += text[at];
  }
  if (at >= text.length) {
    return { end: at };
  }
  const { end, value, state } = readValue(text, at + 1);
  return { end, variable: { name: name.trimEnd(), value }, state };
}

/** A backslash before the end of the line makes the next line a part of the comment (systemd 252; `envFileProblems` names it). */
function commentEnd(text: string, start: number): number {
  let at = start;
  for (; at < text.length && !isNewline(text[at] ?? ""); at++) {
    if (text[at] === "\\") at++;
  }
  return Math.min(text.length, at + 1);
}

function readValue(text: string, start: number): { end: number; value: string; state: State } {
  let state: State = "before value";
  let value = "";
  /** The length of the value without blanks at its end, which are dropped if nothing follows. */
  let solid = 0;
  let at = start;
  const add = (c: string, counts: boolean) => {
    value += c;
    if (counts) solid = value.length;
  };
  for (; at < text.length; at++) {
    const c = text[at] ?? "";
    switch (state) {
      case "before value":
        if (isNewline(c)) return { end: at + 1, value, state };
        if (c === "'") state = "single";
        else if (c === '"') state = "double";
        else if (c === "\\") state = "escape";
        else if (!isBlank(c)) {
          state = "value";
          add(c, true);
        }
        break;
      case "value":
        if (isNewline(c)) return { end: at + 1, value: value.slice(0, solid), state };
        if (c === "\\") {
          state = "escape";
          solid = value.length;
        } else add(c, !isBlank(c));
        break;
      case "escape":
        state = "value";
        if (!isNewline(c)) add(c, true);
        break;
      case "single":
        if (c === "'") state = "before value";
        else add(c, true);
        break;
      case "double":
        if (c === '"') state = "before value";
        else if (c === "\\") state = "double escape";
        else add(c, true);
        break;
      case "double escape":
        state = "double";
        if ('"\\`$'.includes(c)) add(c, true);
        else if (c !== "\n") add(`\\${c}`, true);
        break;
      default:
        return state satisfies never;
    }
  }
  return { end: at, value: state === "value" ? value.slice(0, solid) : value, state };
}

/** True if the file ends within this line's quotes. */
const isOpen = (text: string): boolean => {
  const { state } = readLine(text, 0);
  return state === "single" || state === "double" || state === "double escape";
};

/** The same file, ready for a further line: its last one has an end, outside of quotes and behind no backslash. */
function ended(file: EnvFile): EnvFile {
  const last = file.lines.at(-1);
  return last === undefined || /[\n\r]$/.test(closed(last))
    ? {
        lines: last === undefined ? [] : replacedAt(file.lines, file.lines.length - 1, { ...last, text: closed(last) }),
      }
    : { lines: replacedAt(file.lines, file.lines.length - 1, { ...last, text: `${closed(last)}\n` }) };
}

/** A line's text in which what is appended would not become a part of it. */
function closed({ text, variable }: EnvLine): string {
  const { state } = readLine(text, 0);
  const isUnfinished = isOpen(text) || state === "escape";
  if (variable && isUnfinished) {
    return `${variable.name}=${quoted(variable.value)}\n`;
  }
  // systemd ignores this line, as a comment or for its name: a sign more changes nothing
  const quote = { single: "'", double: '"', "double escape": '\\"' }[String(state)];
  return quote === undefined ? (/\\[\n\r]?$/.test(text) ? `${text} \n` : text) : `${text}${quote}\n`;
}

/** A value in the shortest form that systemd reads as this value. */
export const quoted = (value: string): string =>
  /^[\w@%+:,./=[\]-]*$/.test(value) ? value : `"${value.replace(/["\\`$]/g, "\\$&")}"`;

const replacedAt = (lines: EnvLine[], at: number, line: EnvLine): EnvLine[] =>
  lines.map((other, i) => (i === at ? line : other));
