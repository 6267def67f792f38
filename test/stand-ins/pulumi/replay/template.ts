/**
 * Compares what was observed with a golden record, in which values that differ from run to run are written as labels such
 * as `<uuid#3>`. A label stands for one value in a suite: what it was bound to once, it must be again.
 */
export type Bindings = Map<string, string>;

/** Label kinds and what their values look like. */
const KINDS: [RegExp, (match: RegExpMatchArray) => string][] = [
  [/^unknown$/, () => "(?:04da6b54-80e4-46f7-96ec-b56ff0331ba9|output<string>)"],
  [/^id (.+)\+hex8#/, ([, name]) => `${quote(name ?? "")}[0-9a-f]{8}`],
  [/^(?:id )?hex(\d+)#/, ([, length]) => `[0-9a-f]{${length}}`],
  [/^decimal(?:#|$)/, () => "\\d{12,60}"],
  [/^PEM ([A-Z0-9 ]+?)(\+newline)?#/, ([, what, newline]) => pem(what ?? "") + (newline ? "\\r?\\n" : "")],
  [/^OPENSSH KEY#/, () => "[\\s\\S]*"],
  [/^sha256fp#/, () => "SHA256:[A-Za-z0-9+/]{43}"],
  [/^keyid (\d+) bytes#/, ([, bytes]) => `(?:[0-9A-F]{2}:){${Number(bytes) - 1}}[0-9A-F]{2}`],
  [/^md5fp#/, () => "(?:[0-9a-f]{2}:){15}[0-9a-f]{2}"],
  [/^ssh-(rsa|ed25519) line with newline#/, ([, kind]) => `ssh-${kind} [A-Za-z0-9+/=]{40,}\\n`],
  [/^ecdsa-sha2 line with newline#/, () => "ecdsa-sha2-\\S+ [A-Za-z0-9+/=]+\\n"],
  [/^rfc3339$/, () => "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:\\.\\d+)?(?:Z|[+-]\\d\\d:\\d\\d)"],
  [/^uuid#/, () => "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"],
  [/^fieldManager pulumi-kubernetes-hex8(?:#|$)/, () => "pulumi-kubernetes-[0-9a-f]{8}"],
  [/^autoname (.+)-hex8#/, ([, name]) => `${quote(name ?? "")}-[0-9a-f]{8}`],
  [/^resourceVersion#/, () => "\\d+"],
  [/^(text|hidden)$/, () => "[\\s\\S]+"],
  [/^stack trace$/, () => "[\\s\\S]*"],
];

function pem(what: string): string {
  return `-----BEGIN ${what}-----[\\s\\S]*?-----END ${what}-----`;
}

function quote(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}

/** Names that the recorder put in place of this world's values, and such values. */
export type Substitutions = Record<string, string>;

export class Matcher {
  private readonly bindings: Bindings = new Map();
  private readonly reverse = new Map<string, string>();

  constructor(private readonly substitutions: Substitutions) {}

  /** Differences, each with its path; none: equal. */
  compare(golden: unknown, actual: unknown, path = ""): string[] {
    if (isHidden(golden)) return isSecret(actual) ? [] : [`${path}: expected a secret, got ${show(actual)}`];
    if (Array.isArray(golden) && Array.isArray(actual)) {
      if (golden.length !== actual.length) return [`${path}: expected ${show(golden)}, got ${show(actual)}`];
      return golden.flatMap((item, i) => this.compare(item, actual[i], `${path}[${i}]`));
    }
    if (isRecord(golden) && isRecord(actual)) {
      const names = Object.keys(golden).map((key) => [key, this.resolve(key)] as const);
      const missing = names.filter(([, key]) => !(key in actual));
      const known = new Set(names.map(([, key]) => key));
      const surplus = Object.keys(actual).filter((key) => !known.has(key));
      return [
        ...missing.map(([, key]) => `${path}.${key}: expected ${show(golden[key] ?? golden)}, got nothing`),
        ...surplus.map((key) => `${path}.${key}: expected nothing, got ${show(actual[key])}`),
        ...names.flatMap(([label, key]) =>
          key in actual ? this.compare(golden[label], actual[key], `${path}.${key}`) : [],
        ),
      ];
    }
    if (typeof golden === "string" && typeof actual === "string") return this.text(golden, actual, path);
    return golden === actual ? [] : [`${path}: expected ${show(golden)}, got ${show(actual)}`];
  }

  private resolve(text: string): string {
    return Object.entries(this.substitutions).reduce((all, [name, value]) => all.replaceAll(name, value), text);
  }

  private text(golden: string, actual: string, path: string): string[] {
    const expected = this.resolve(golden);
    const labels: string[] = [];
    const cut = /\.\.\.<(?:cut|\d+ characters in all)>$/.test(expected);
    const source = expected
      .replace(/\.\.\.<(?:cut|\d+ characters in all)>$/, "")
      .split(/(<[^<>\n]+>)/)
      .map((part) => this.pattern(part, labels))
      .join("");
    const match = new RegExp(`^${source}${cut ? "[\\s\\S]*" : ""}$`).exec(actual);
    if (!match) return [`${path}: expected ${show(expected)}, got ${show(actual)}`];
    return labels.flatMap((label, i) => this.bind(label, match[i + 1] ?? "", path));
  }

  private pattern(part: string, labels: string[]): string {
    // An id that the recorder didn't recognize inside a list of triggers.
    if (/^trig[0-9a-f]{8}$/.test(part)) return "trig[0-9a-f]{8}";
    if (!part.startsWith("<")) return quote(part);
    const kind = part.slice(1, -1);
    for (const [form, make] of KINDS) {
      const match = kind.match(form);
      if (!match) continue;
      if (!kind.includes("#")) return `(?:${make(match)})`;
      labels.push(kind);
      return `(${make(match)})`;
    }
    return quote(part);
  }

  private bind(label: string, value: string, path: string): string[] {
    const bound = this.bindings.get(label);
    if (bound !== undefined && bound !== value) return [`${path}: <${label}> was ${show(bound)}, is ${show(value)}`];
    const kind = label.replace(/#\d+$/, "");
    const other = this.reverse.get(`${kind}\0${value}`);
    if (other !== undefined && other !== label) return [`${path}: ${show(value)} is <${other}>, expected <${label}>`];
    this.bindings.set(label, value);
    this.reverse.set(`${kind}\0${value}`, label);
    return [];
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSecret(value: unknown): boolean {
  return isRecord(value) && "$secret" in value;
}

function isHidden(value: unknown): boolean {
  return isRecord(value) && value.$secret === "<hidden>";
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 400 ? `${text.slice(0, 400)}...` : text;
}
