/** Columns of preview's text; the engine indents it by four more. */
export const usualColumns = 96;

/**
 * Breaks lines that are longer than `columns`, at spaces, else behind commas. What follows is indented by four more than its line. A word that is longer
 * than a line stays whole: a path or a command that is cut can't be copied.
 * @param columns 0: nothing is broken, for programs that read the text
 */
export const wrapped = (text: string, columns = usualColumns): string =>
  columns === 0
    ? text
    : text
        .split("\n")
        .flatMap((line) => broken(line, columns))
        .join("\n");

function broken(line: string, columns: number): string[] {
  if (line.length <= columns) return [line];
  const [indent = ""] = /^ */.exec(line) ?? [];
  // a diff's mark and a guard's verdict stay alone in their column
  const [head = indent] = /^ *(?:[-+>?] |-> |ok {4}|STOP {2}|note {2}|to do {2}|done {3}|\? {5})? */.exec(line) ?? [];
  const hanging = " ".repeat(Math.min(head.length + 2, columns / 2));
  const lines: string[] = [];
  let now = head;
  let empty = true;
  for (const part of line.slice(head.length).split(/(?<= )(?=[^ ])|(?<=,)(?=[^ ])/)) {
    if (!empty && now.length + part.trimEnd().length > columns) {
      lines.push(now.trimEnd());
      now = hanging;
    }
    now += part;
    empty = false;
  }
  return [...lines, now.trimEnd()];
}

/** Marks for colours, as Pulumi's engine reads them: it colours where the terminal can, and takes them out elsewhere. */
const colour = { red: "<{%fg 1%}>", green: "<{%fg 2%}>", yellow: "<{%fg 3%}>", bold: "<{%bold%}>", end: "<{%reset%}>" };

/** Colours verdicts, guards and changed lines. */
export const coloured = (text: string): string =>
  text
    .split("\n")
    .map((line) =>
      line
        .replace(/^(REFUSED|WAIT)(?=:)/, `${colour.bold}${colour.red}$1${colour.end}`)
        .replace(/^(READY|NOTHING TO DO)(?=:)/, `${colour.bold}${colour.green}$1${colour.end}`)
        .replace(/^(FAILOVER|PRIMARY)(?=:)/, `${colour.bold}$1${colour.end}`)
        .replace(/^( {2})STOP(?= )/, `$1${colour.bold}${colour.red}STOP${colour.end}`)
        .replace(/^( {2})ok(?= {4})/, `$1${colour.green}ok${colour.end}`)
        .replace(/^( {2})(note|\? )(?= {2})/, `$1${colour.yellow}$2${colour.end}`)
        .replace(/^ {2}- .*/, `${colour.red}$&${colour.end}`)
        .replace(/^ {2}\+ .*/, `${colour.green}$&${colour.end}`),
    )
    .join("\n");
