import { flagAndValue, flagOf, variableOf } from "../../values/etcd-variables";
import { isMapping } from "../../values/mapping";
import { differences, type Process } from "../process";
import type { Running } from "../running";
import type { Runtime, SpecOptions } from "../runtime";
import { staticPod } from "../static-pod/static-pod";
import {
  commentOf,
  readEnvFile,
  variablesOf,
  withLastComment,
  withoutVariable,
  withVariable,
  writeEnvFile,
} from "./env-file";
import { processOfUnit, unitOf, wrapperIn } from "./unit";

/** Marks the files of settings, and units, that this program wrote. */
const epochComment = "# rke-dr.epoch: ";
/** etcd's data as acts know it, on the host and in etcd's own view: a unit sees the host's files. */
const data = "/var/lib/etcd";

/** etcd as systemd starts it: the template of a process, and what a host reports of one. */
export interface EtcdUnit {
  /** The program of ExecStart=, and its arguments behind the program. */
  program: string;
  arguments: string[];
  /** Path and text of the file of settings, `EnvironmentFile=`. */
  envFile: string;
  env: string;
  /** The unit's own file, with its drop-ins; "" if it isn't known. */
  unit: string;
  /** The user that it runs as; undefined for root. */
  user: string | undefined;
}

/**
 * etcd as a unit of systemd, all else as the kubelet's static pods, on a host that has both or either (on-host/runtimes/systemd.sh).
 * etcd's settings stand in a file of its environment. A process has them as flags, like those of ExecStart=: what is changed there is
 * changed in the file, and no other line of it.
 */
export const systemd: Runtime = {
  name: "systemd",
  daemon: {
    name: "systemd",
    // $runtime_folder of on-host/runtimes/systemd.sh
    folder: "/var/lib/rke-dr",
    restart: "`systemctl is-system-running` and `crictl version` there say why",
  },
  commands: {
    start: (name) => (isUnit(name) ? `systemctl start ${name}` : staticPod.commands.start(name)),
    stop: (names) => {
      const units = names.filter(isUnit);
      const pods = names.filter((name) => !isUnit(name));
      return [
        ...(units.length > 0 ? [`systemctl stop ${units.join(" ")}`] : []),
        ...(pods.length > 0 ? [staticPod.commands.stop(pods)] : []),
      ].join("; ");
    },
    bringBack: (aside, name) => (isUnit(name) ? unitBack(aside, name) : staticPod.commands.bringBack(aside, name)),
    show: (name) => (isUnit(name) ? `systemctl cat ${name}; cat /etc/etcd.env` : staticPod.commands.show(name)),
    why: (name) => (isUnit(name) ? `journalctl -u ${name} -n 20` : staticPod.commands.why(name)),
    gone: (name) =>
      isUnit(name)
        ? `the unit ${name} isn't there: \`systemctl cat ${name}\` says what systemd knows of it`
        : staticPod.commands.gone(name),
    pull: (image) => (isProgram(image) ? `scp HOST:${image} ${image}` : staticPod.commands.pull(image)),
    carry: (image) =>
      isProgram(image)
        ? { from: `tar cf etcd.tar ${image}`, to: "tar xf etcd.tar -C /" }
        : staticPod.commands.carry(image),
    prune: staticPod.commands.prune,
  },
  runsOnceIsolated: true,
  sharesNetworks: false,
  read,
  spec,
  // systemd runs what stays on the host, as on a host of static pods alone
  resident: () => "",
  differs: (planned, found) =>
    isPod(planned.template) ? staticPod.differs(planned, found) : differences(settingsOf(planned), settingsOf(found)),
};

/** As on-host/runtimes/systemd/units.sh does it: etcd's settings as they were, and without the drop-in that blocks the unit. */
const unitBack = (aside: string, name: string): string =>
  [
    "cd /var/lib/rke-dr/units",
    `cp -p ${aside}/env $(cat ${aside}/env-path)`,
    `mv ${aside} ${aside}.back`,
    `rm -f /etc/systemd/system/${name}.service.d/zz-rke-dr-set-aside.conf`,
    "systemctl daemon-reload",
    `systemctl enable --now ${name}`,
  ].join(" && ");

const isUnit = (name: string): boolean => /^etcd(-|$)/.test(name);
const isProgram = (image: string): boolean => image.startsWith("/");
const isPod = (template: unknown): boolean => isMapping(template) && template.kind === "Pod";
const settingsOf = ({ image, entrypoint, cmd, env }: Process): string[] => [image, ...entrypoint, ...cmd, ...env];

/** A line of `process_describe`; texts are in base64, the command an argument a line. */
interface Line {
  name: string;
  status: string;
  restarts: number;
  startedAt: string;
  unit?: string;
  env?: string;
  envFile?: string;
  command?: string;
  user?: string;
  /** True if the unit's program is a script. */
  script?: boolean;
}

function read(line: string): Running {
  const found = JSON.parse(line) as Line;
  if (found.unit === undefined) {
    return staticPod.read(line);
  }
  const { name, status, restarts, startedAt, envFile = "", user, script } = found;
  const [program = "", ...args] = text(found.command ?? "")
    .replace(/\n$/, "")
    .split("\n");
  const unit: EtcdUnit = {
    program,
    arguments: joinedFlags(args),
    envFile,
    env: text(found.env ?? ""),
    unit: text(found.unit),
    user: user === "" || user === "root" ? undefined : user,
  };
  const epoch =
    commentOf(readEnvFile(unit.env), epochComment) ?? new RegExp(`^${epochComment}(\\d+)$`, "m").exec(unit.unit)?.[1];
  const own = processOfUnit(name, unit.unit, [program, ...args]);
  // a unit that this program has made may run anything
  const wrapper = own ? undefined : (wrapperIn(unit.unit, [program, ...args]) ?? (script ? program : undefined));
  return {
    name,
    status,
    startedAt,
    restarts,
    epoch: epoch === undefined ? undefined : Number(epoch),
    process: own ?? processOf(name, unit),
    ...(wrapper === undefined ? {} : { wrapper }),
    reported: unit,
  };
}

/** Arguments with a flag and its value in one word, as "--name=x" for "-name" and "x", and for "-name=x". */
export function joinedFlags(words: string[]): string[] {
  const flags: string[] = [];
  for (const word of words) {
    const last = flags.at(-1);
    if (last !== undefined && /^--[a-z][a-z0-9-]*$/.test(last) && !word.startsWith("-")) {
      flags[flags.length - 1] = `${last}=${word}`;
    } else {
      flags.push(word.replace(/^-(?=[a-z])/, "--"));
    }
  }
  return flags;
}

/** A unit's process: its flags are ExecStart's arguments and, behind them, the settings of its file in the file's order. */
export function processOf(name: string, unit: EtcdUnit): Process {
  const variables = [...variablesOf(readEnvFile(unit.env))].map(([key, value]) => `${key}=${value}`);
  return {
    name,
    image: unit.program,
    entrypoint: [unit.program],
    cmd: [...unit.arguments, ...variables.flatMap((variable) => settingFlag(variable) ?? [])],
    env: variables.filter((variable) => settingFlag(variable) === undefined),
    binds: [`${data}:${data}`],
    volumesFrom: [],
    labels: {},
    ...(unit.user === undefined ? {} : { user: unit.user }),
    template: unit,
  };
}

/** "--metrics=basic" for ETCD_METRICS=basic; etcd ignores a variable without a value. */
function settingFlag(variable: string): string | undefined {
  const flag = flagOf(variable);
  const value = variable.slice(variable.indexOf("=") + 1);
  return flag === undefined || value === "" ? undefined : `--${flag}=${value}`;
}

/** Flags that stand both in ExecStart= and in the file: etcd ends at once then, "conflicting environment variable is shadowed". */
export function givenTwice({ arguments: args, env }: Pick<EtcdUnit, "arguments" | "env">): string[] {
  const own = new Set(args.flatMap((argument) => flagAndValue(argument)?.flag ?? []));
  return [...variablesOf(readEnvFile(env)).keys()].filter((name) => own.has(flagOf(`${name}=`) ?? ""));
}

/**
 * "unit-env:" and the file of settings in base64; or "unit-alone:", "unit:" and "pod:", which on-host/runtimes/systemd.sh explains.
 * @throws Error if a flag of ExecStart= would have to change for good: the unit's own file stays as it is
 */
function spec(process: Process, epoch: number, options: SpecOptions = {}): string {
  const { base, isolated } = options;
  const from = base?.reported ?? process.template;
  if (isPod(from)) {
    return staticPod.spec(process, epoch, options);
  }
  const unit = from as EtcdUnit | undefined;
  if (isolated) {
    return `unit-alone:${aloneWords(process, unit).map(base64).join(",")}`;
  }
  return unit?.env === undefined || unit.envFile === ""
    ? `unit:${base64(unitOf(process, `${epochComment}${epoch}`, options.once === true))}`
    : `unit-env:${base64(changedSettings(process, unit, epoch))}`;
}

/**
 * The file with those settings changed that differ, and the epoch as its last line, if there is one.
 * @throws Error as `spec` does
 */
export function changedSettings({ name, cmd, env }: Process, unit: EtcdUnit, epoch?: number): string {
  const fixed = unit.arguments.filter((argument) => !cmd.includes(argument));
  if (fixed.length > 0) {
    throw new Error(`${name}: is set by ExecStart= of its unit, which no act changes: ${fixed.join(" ")}`);
  }
  const before = readEnvFile(unit.env);
  const wanted = new Map(
    cmd
      .filter((argument) => !unit.arguments.includes(argument))
      .flatMap((argument) => flagAndValue(argument) ?? [])
      .map(({ flag, value }) => [variableOf(flag), value]),
  );
  for (const variable of env) {
    wanted.set(variable.slice(0, variable.indexOf("=")), variable.slice(variable.indexOf("=") + 1));
  }
  // a variable without a value is no setting of the process, and stays
  const dropped = [...variablesOf(before)].filter(([key, value]) => value !== "" && !wanted.has(key));
  const kept = dropped.reduce((file, [key]) => withoutVariable(file, key), before);
  const changed = [...wanted].reduce((file, [key, value]) => withVariable(file, key, value), kept);
  return writeEnvFile(epoch === undefined ? changed : withLastComment(changed, epochComment, String(epoch)));
}

/** Arguments for run_alone: ExecStart's own stay arguments, all others are variables, which an older or newer etcd may not know. */
function aloneWords(
  { name, image, entrypoint, cmd, env, binds, labels, user }: Process,
  unit: EtcdUnit | undefined,
): string[] {
  const flags = cmd.map((argument) => ({ argument, ...flagAndValue(argument) }));
  const fixed = new Set((unit?.arguments ?? []).flatMap((argument) => flagAndValue(argument)?.flag ?? []));
  const isArgument = ({ flag }: { flag?: string }) => unit === undefined || flag === undefined || fixed.has(flag);
  const variables = flags
    .filter((f) => !isArgument(f))
    .map(({ flag = "", value = "" }) => `${variableOf(flag)}=${value}`);
  const [program = "", ...first] = entrypoint;
  const mounts = binds.map((bind) => bind.split(":")).filter(([source, to]) => source !== to);
  return [
    image,
    program,
    "--name",
    name,
    ...[...env, ...variables].flatMap((variable) => ["--env", variable]),
    ...Object.keys(labels).flatMap((mark) => ["--mark", mark]),
    ...mounts.flatMap(([source, to, mode = ""]) => [
      mode.split(",").includes("ro") ? "--read" : "--write",
      `${source}:${to}`,
    ]),
    ...(user === undefined ? [] : ["--user", user]),
    "--",
    ...first,
    ...flags.filter(isArgument).map(({ argument }) => argument),
  ];
}

const text = (encoded: string): string => Buffer.from(encoded, "base64").toString("utf8");
const base64 = (plain: string): string => Buffer.from(plain, "utf8").toString("base64");
