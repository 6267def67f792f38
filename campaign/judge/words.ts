/** What a refusal of the program tells its operator to do: commands to type, and deeds outside of the program. */

/** Something that no command of Pulumi does. */
export type Deed =
  | { do: "switch off"; hosts: string[] }
  | { do: "switch on"; hosts: string[] }
  | { do: "on host"; command: string; hosts: string[] }
  | { do: "free the disk" }
  /** Pulumi.yaml lacks these hosts until the act has ended. */
  | { do: "take out"; hosts: string[] }
  | { do: "declare" }
  | { do: "wait" }
  | { do: "again" };

/** One way on: what it says, the commands in it, and the deeds. */
export interface Way {
  words: string;
  /** `pulumi ...` as printed, without `pulumi up` and `pulumi preview`, which are run anyway. */
  commands: string[];
  deeds: Deed[];
}

export interface Refusal {
  /** The guard; "step" if an act's step failed. */
  guard: string;
  /** What is wrong, in one line. */
  wrong: string;
  ways: Way[];
}

/** True if the refusal says nothing that its operator can do. */
export const isDeadEnd = ({ ways }: Refusal): boolean =>
  ways.every(({ commands, deeds }) => commands.length + deeds.length === 0);

/** Guards that stop `up`, as preview and `up` print them. */
export function stopsIn(printed: string): Refusal[] {
  const lines = printed.split("\n");
  const stops = lines.flatMap((line, i): Refusal[] => {
    const found = /^(\s*)STOP\s+([^:]+): (.*)$/.exec(line);
    if (!found) return [];
    const [, indent = "", guard = "", wrong = ""] = found;
    const rest = lines.slice(i + 1);
    const end = rest.findIndex((l) => !l.startsWith(`${indent}        `) || l.trim() === "");
    const told = [wrong, ...rest.slice(0, end < 0 ? undefined : end)];
    return [{ guard, wrong, ways: told.map((l) => wayOf(l.trim())) }];
  });
  return unique(stops);
}

/** Reads what an `up` printed that ended with an error. At least one refusal, whatever it printed. */
export function refusalsIn(printed: string): Refusal[] {
  const stops = stopsIn(printed);
  if (stops.length > 0) return stops;
  const lines = printed.split("\n");
  const told = lines
    .filter((line) => /error:|warning:|fatal:|`pulumi |: must |run .*again|Bring /.test(line))
    .filter((line) => !/error: (preview|update) failed|warning: using pulumi-/.test(line));
  return [{ guard: "step", wrong: (told[0] ?? lines.at(-1) ?? "").trim(), ways: told.map((l) => wayOf(l.trim())) }];
}

/** Pulumi prints an error twice: as it comes, and at the end. */
function unique(refusals: Refusal[]): Refusal[] {
  return refusals.filter((one, i) => refusals.findIndex((r) => r.guard === one.guard && r.wrong === one.wrong) === i);
}

function wayOf(words: string): Way {
  const quoted = [...words.matchAll(/`([^`]+)`/g)].map(([, text = ""]) => text);
  const commands = quoted.filter((text) => /^pulumi (config|cancel)\b/.test(text));
  const hosts = (text: string) => text.split(/, | and /).map((name) => name.trim());
  const deeds = [
    ...matches(
      words,
      /switch ((?:[\w-]+(?:, | and )?)+) off/g,
      (names): Deed => ({ do: "switch off", hosts: hosts(names) }),
    ),
    ...matches(
      words,
      /[Ss]tart ((?:[\w-]+(?:, | and )?)+) again/g,
      (names): Deed => ({ do: "switch on", hosts: hosts(names) }),
    ),
    ...matches(
      words,
      /(?:warning: |^)([\w-]+) \([\d.]+\) doesn't answer SSH any more/g,
      (name): Deed => ({ do: "switch on", hosts: [name] }),
    ),
    ...matches(words, /[Bb]ring ([\w-]+) back/g, (name): Deed => ({ do: "switch on", hosts: [name] })),
    ...[...words.matchAll(/`((?:docker|systemctl|mv) [^`]+)` on ([\w-]+(?:, (?!or )[\w-]+)*)/g)].map(
      ([, command = "", names = ""]): Deed => ({ do: "on host", command, hosts: hosts(names) }),
    ),
    ...(/no space left|disk .*full|prune\b|`rm /i.test(words) ? [{ do: "free the disk" } as const] : []),
    ...matches(
      words,
      /[Tt]ake ([\w-]+) out of Pulumi\.yaml for now/g,
      (name): Deed => ({ do: "take out", hosts: [name] }),
    ),
    ...(/into Pulumi\.yaml|in Pulumi\.yaml \(etcd among/.test(words) ? [{ do: "declare" } as const] : []),
    ...(/[Ww]ait\b/.test(words) ? [{ do: "wait" } as const] : []),
    ...(/run (?:this|it|the same command|`up`|`pulumi up[^`]*`) again|then (?:`up`|this|run it) again|the rerun|Run .*again/.test(
      words,
    )
      ? [{ do: "again" } as const]
      : []),
  ];
  return { words, commands, deeds };
}

function matches<T>(text: string, pattern: RegExp, make: (first: string) => T): T[] {
  return [...text.matchAll(pattern)].map(([, first = ""]) => make(first));
}
