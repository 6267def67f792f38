/** Any JSON value; keys whose value is undefined are left out. */
export type Plain = string | number | boolean | null | Plain[] | { [key: string]: Plain | undefined };

/** Spaces of a step inwards, and the column from which a line is broken at its next space (go.yaml.in/yaml/v2 emitterc.go). */
const step = 2;
const width = 80;

/**
 * YAML as Go's sigs.k8s.io/yaml writes it, byte by byte, which is how every Kubernetes program writes a file: keys in natural
 * order, lists not indented below their key, quotes only if a reader would take the text for something else.
 * Source of all rules: go.yaml.in/yaml/v2 v2.4.3, encode.go, emitterc.go, resolve.go and sorter.go.
 */
export function goYaml(value: Plain): string {
  return isBlock(value) ? block(value, 0, 0) : `${scalar(value, 0, 0, false)}\n`;
}

/** Lines of a list or mapping, each at `indent` but the first, which goes on at `column` of a line that is begun. */
function block(value: Plain[] | Record<string, Plain | undefined>, indent: number, column: number): string {
  const entries = Array.isArray(value) ? value.map((v) => item(v, indent)) : pairs(value, indent);
  const margin = " ".repeat(indent);
  return entries.map((text, i) => (i === 0 ? " ".repeat(Math.max(0, indent - column)) : margin) + text).join("");
}

function item(value: Plain, indent: number): string {
  return isBlock(value)
    ? `- ${block(value, indent + step, indent + step)}`
    : `- ${scalar(value, indent, indent + 2, false)}\n`;
}

function pairs(value: Record<string, Plain | undefined>, indent: number): string[] {
  return Object.keys(value)
    .sort(naturally)
    .flatMap((key) => {
      const v = value[key];
      if (v === undefined) {
        return [];
      }
      const name = `${scalar(key, indent, indent, true)}:`;
      if (isBlock(v)) {
        return [`${name}\n${block(v, Array.isArray(v) ? indent : indent + step, 0)}`];
      }
      return [`${name} ${scalar(v, indent, indent + name.length + 1, false)}\n`];
    });
}

/** True if the value takes lines of its own: a list or mapping that isn't empty. */
const isBlock = (value: Plain): value is Plain[] | Record<string, Plain | undefined> =>
  typeof value === "object" && value !== null && Object.values(value).some((v) => v !== undefined);

function scalar(value: Plain, indent: number, column: number, isKey: boolean): string {
  if (typeof value !== "string") {
    return JSON.stringify(value);
  }
  const allowed = allowedStyles(value);
  if (value.includes("\n") && allowed.literal && !isKey) {
    return literal(value, indent + step);
  }
  const margin = isKey ? undefined : `\n${" ".repeat(indent + step)}`;
  if (!value.includes("\n") && !readsAsOther(value)) {
    if (allowed.plain && !(isKey && value === "")) {
      return folded(value, column, margin, false);
    }
    if (allowed.single) {
      return `'${folded(value, column + 1, margin, true).replaceAll("'", "''")}'`;
    }
  }
  return `"${folded(escaped(value), column + 1, margin, true)}"`;
}

function literal(value: string, indent: number): string {
  const hint = /^[ \n]/.test(value) ? String(step) : "";
  const chomp = value.endsWith("\n") ? (/(^|\n)\n$/.test(value) ? "+" : "") : "-";
  const lines = value.replace(/\n$/, "").split("\n");
  return [`|${hint}${chomp}`, ...lines.map((line) => (line === "" ? "" : " ".repeat(indent) + line))].join("\n");
}

/** Breaks lines at a single space behind the width; a quoted text keeps the spaces at its ends. */
function folded(text: string, column: number, margin: string | undefined, quoted: boolean): string {
  if (margin === undefined || !text.includes(" ")) {
    return text;
  }
  let at = column;
  let result = "";
  const letters = [...text];
  letters.forEach((letter, i) => {
    const single = letter === " " && letters[i - 1] !== " " && letters[i + 1] !== " ";
    if (single && at > width && !(quoted && (i === 0 || i === letters.length - 1))) {
      result += margin;
      at = margin.length - 1;
    } else {
      result += letter;
      at += 1;
    }
  });
  return result;
}

/** emitterc.go yaml_emitter_analyze_scalar, for a text outside of [ ] and { }. */
function allowedStyles(value: string): { plain: boolean; single: boolean; literal: boolean } {
  const special = /[^\n\x20-\x7e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]/.test(value) || / \n/.test(value);
  const edges = /^[ \n]|[ \n]$/.test(value);
  const indicator =
    /^(---|\.\.\.)/.test(value) ||
    /^[#,[\]{}&*!|>'"%@`]/.test(value) ||
    /^[?-](\s|$)/.test(value) ||
    /:(\s|$)/.test(value) ||
    /\s#/.test(value);
  return {
    plain: !special && !edges && !indicator && !value.includes("\n"),
    single: !special && !/\n /.test(value),
    literal: !special && !/ $/.test(value) && value !== "",
  };
}

/** True if YAML 1.1 reads the unquoted text as another type than text (resolve.go), or as a number to base 60 (encode.go). */
function readsAsOther(value: string): boolean {
  const number = value.replaceAll("_", "");
  return (
    /^(y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON|n|N|no|No|NO|false|False|FALSE|off|Off|OFF)$/.test(value) ||
    /^(|~|null|Null|NULL|\.nan|\.NaN|\.NAN|[+-]?\.(inf|Inf|INF))$/.test(value) ||
    (/^[-+0-9]/.test(value) && /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/.test(number)) ||
    /^\.[0-9]+([eE][-+]?[0-9]+)?$/.test(value) ||
    (/^[-+0-9]/.test(value) && /^[-+]?0([xX][0-9a-fA-F]{1,16}|[oO][0-7]{1,21}|[bB][01]{1,64})$/.test(number)) ||
    /^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$/.test(value) ||
    /^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ][0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(\.[0-9]+)?(Z|[-+][0-9]{2}:[0-9]{2})?)?$/.test(
      value,
    )
  );
}

const names: Record<string, string> = {
  "\0": "0",
  "\x07": "a",
  "\b": "b",
  "\t": "t",
  "\n": "n",
  "\v": "v",
  "\f": "f",
  "\r": "r",
  "\x1b": "e",
  '"': '"',
  "\\": "\\",
  "\u0085": "N",
  "\u00a0": "_",
  "\u2028": "L",
  "\u2029": "P",
};

const escaped = (value: string): string =>
  [...value]
    .map((letter) => {
      const code = letter.codePointAt(0) ?? 0;
      if (!/["\\\u2028\u2029\ufeff]/.test(letter) && /[\x20-\x7e\u00a0-\ud7ff\ue000-\ufffd]/.test(letter)) {
        return letter;
      }
      const name = names[letter];
      if (name !== undefined) {
        return `\\${name}`;
      }
      const [kind, digits] = code <= 0xff ? ["x", 2] : code <= 0xffff ? ["u", 4] : (["U", 8] as const);
      return `\\${kind}${code.toString(16).toUpperCase().padStart(Number(digits), "0")}`;
    })
    .join("");

/** sorter.go: letters by their code, other signs before letters, digits as numbers. */
function naturally(a: string, b: string): number {
  const [as, bs] = [[...a], [...b]];
  const i = as.findIndex((letter, k) => letter !== bs[k]);
  if (i < 0 || bs[i] === undefined) {
    return as.length - bs.length;
  }
  const [x = "", y = ""] = [as[i], bs[i]];
  const [isLetterX, isLetterY] = [/\p{L}/u.test(x), /\p{L}/u.test(y)];
  if (isLetterX || isLetterY) {
    return isLetterX && isLetterY ? byCode(x, y) : isLetterY ? -1 : 1;
  }
  // digits before the difference count where a zero stands there: 10 and 1
  const before = /[1-9][0-9]*$/.test(as.slice(0, i).join("")) && (x === "0" || y === "0") ? "1" : "";
  const digits = (of: string[]) => /^[0-9]*/.exec(of.slice(i).join(""))?.[0] ?? "";
  const [dx, dy] = [digits(as), digits(bs)];
  return Number(before + dx) - Number(before + dy) || dx.length - dy.length || byCode(x, y);
}

const byCode = (a: string, b: string): number => (a.codePointAt(0) ?? 0) - (b.codePointAt(0) ?? 0);
