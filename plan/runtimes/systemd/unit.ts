import type { Process } from "../process";

/**
 * A unit's file for a process that no installer made, with all of it in the unit itself. Its comments say what on-host/runtimes/systemd.sh
 * asks of any process, and what `processOfUnit` reads again.
 */
export function unitOf(process: Process, epochLine: string, once: boolean): string {
  const { name, image, entrypoint, cmd, env, binds, labels, user } = process;
  const words = [...entrypoint, ...cmd];
  const bound = binds.map((bind) => bind.split(":")).filter(([from, to]) => from !== to);
  const bindPaths = (readOnly: boolean) =>
    bound
      .filter(([, , mode]) => (mode ?? "").split(",").includes("ro") === readOnly)
      .map(([from, to]) => word(`${from}:${to}`));
  return [
    epochLine,
    `# image ${image}`,
    `# entrypoint ${entrypoint.length}`,
    ...Object.keys(labels).map((mark) => `# mark ${mark}`),
    ...words.map((text) => `# argument ${text.replaceAll("\n", " ")}`),
    "[Unit]",
    `Description=${name} of rke-dr`,
    "After=network.target",
    "StartLimitIntervalSec=0",
    "[Service]",
    ...(user === undefined ? [] : [`User=${user}`]),
    ...env.map((variable) => `Environment=${word(variable)}`),
    ...bindPaths(false).map((paths) => `BindPaths=${paths}`),
    ...bindPaths(true).map((paths) => `BindReadOnlyPaths=${paths}`),
    `ExecStart=/usr/bin/env ${words.map((text) => word(text).replaceAll("$", "$$$$")).join(" ")}`,
    `Restart=${once ? "no" : "always"}`,
    "RestartSec=2",
    ...(once ? [] : ["[Install]", "WantedBy=multi-user.target"]),
    "",
  ].join("\n");
}

/** The process of such a unit; undefined if the file is another one. @param words its command, as the host reports it */
export function processOfUnit(name: string, unit: string, words: string[]): Process | undefined {
  const all = (pattern: RegExp) => [...unit.matchAll(pattern)].map(([, found = ""]) => found);
  const [image] = all(/^# image (.*)$/gm);
  const entrypoint = Number(all(/^# entrypoint (\d+)$/gm)[0] ?? words.length);
  return image === undefined
    ? undefined
    : {
        name,
        image,
        entrypoint: words.slice(0, entrypoint),
        cmd: words.slice(entrypoint),
        env: all(/^Environment=(.*)$/gm).map(plain),
        binds: [
          ...all(/^BindPaths=(.*)$/gm).map(plain),
          ...all(/^BindReadOnlyPaths=(.*)$/gm).map((paths) => `${plain(paths)}:ro`),
        ],
        volumesFrom: [],
        labels: Object.fromEntries(all(/^# mark (.*)$/gm).map((mark) => [mark, "1"])),
      };
}

const key = (name: string) => `^[ \\t]*Exec${name}[ \\t]*=[ \\t]*[-@:+!|]*`;
const containers = new RegExp(
  `${key("(?:Start|StartPre|StartPost|Stop)")}((?:\\S*/)?(?:docker|podman|nerdctl|ctr|rkt)\\s.*)$`,
  "m",
);
const isShell = (program: string): boolean => /(^|\/)(?:[a-z]*sh|env)$/.test(program);

/**
 * The command by which a unit runs its program in a container or through a shell, so that neither its arguments nor its settings are known to
 * be those of the program; undefined if it starts the program itself.
 * @param words the program of ExecStart= and its arguments
 */
export const wrapperIn = (unit: string, words: string[]): string | undefined =>
  containers.exec(unit)?.[1]?.trim() ?? (isShell(words[0] ?? "") ? words.join(" ") : undefined);

/** A word of a unit's file (systemd.syntax(7), Quoting): % begins a specifier there. */
const word = (text: string): string =>
  `"${text.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n").replaceAll("%", "%%")}"`;

/** The inverse of `word`. */
const plain = (quoted: string): string =>
  quoted
    .replace(/^"|"$/g, "")
    .replaceAll("%%", "%")
    .replace(/\\(.)/g, (_, sign: string) => (sign === "n" ? "\n" : sign));
