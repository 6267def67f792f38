import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { certificates, copies, objects, oneCopy } from "./afterwards.js";
import type { ApiServer } from "./api-server.js";
import type { Suite } from "./engine.js";
import type { Golden } from "./golden.js";
import type { Options, Part, Refusal } from "./play.js";
import { NO_ROUTE, type World } from "./world.js";

/** The records that are played, on what, and what is done to the world between them, as the recorder did it. */

export const ALL = process.env.LAB_TEST_PLUGINS === "all";
const only = (...orders: number[]) => (ALL ? () => true : (order: number) => orders.includes(order));

export type Subject = "stand-ins" | "official";

export interface Plan {
  suite: string;
  plays: (order: number) => boolean;
  /** Stages whose preview is compared too; without it the run is shorter. */
  previews: (order: number) => boolean;
  options?: (golden: Golden, suite: Suite, server: ApiServer | undefined, world: World) => Partial<Options>;
  needsApiServer?: boolean;
  /** The folder on the hosts that its records call $REMOTE. */
  remote?: string;
  /** Taken out of the program and of its records: stand-ins refuse it. */
  without?: { text: string; properties: string[] };
  /** The reason for which each stage is refused, by name, instead of being played. */
  refuses?: Refusal;
  /** Another host in the place of the one that nobody answers for. */
  deadHost?: string;
}

/** With one step at a time, which of several comes first and fails is left to chance: here it is the recorder's. */
function first(name: string | undefined): Partial<Options> {
  return name === undefined ? {} : { args: ["--target", `**::${name}`], ignores: ["resourceChanges"], preview: false };
}

const PARALLEL = { args: ["--parallel", "8"] };

/** The same where the preview is that of the whole stage. */
function acting(...names: (string | undefined)[]): Partial<Options> {
  const targets = names.flatMap((name) => (name === undefined ? [] : ["--target", `**::${name}`]));
  return targets.length === 0 ? {} : { acting: targets, ignores: ["resourceChanges"] };
}

/** Resources that depend on how much was registered or done when a step failed. */
const CHANCE: Part[] = ["steps", "resourceChanges", "state"];
const NOT_STATE: Part[] = ["exitCode", "steps", "diagnostics", "resourceChanges", "commandsRun"];

/** The number that the engine gives to a failed dial: 2 or 0 in the records, in the same runs again the other. */
const UNREACHED: Part = "status";

const REMOTE_DEAD: Plan = {
  suite: "remotedead",
  plays: (order) => (ALL ? true : order === 1 || order === 3),
  previews: only(),
  options: ({ order }, suite) => ({
    ...([5, 6, 7].includes(order) ? PARALLEL : {}),
    ...([8, 12].includes(order) ? { args: ["--parallel", "8", "--continue-on-error"], preview: false } : {}),
    // The others may be deleted before dd fails: here they are.
    ...(order === 11
      ? {
          before: () => suite.editState("192.168.31.101", "192.168.31.250"),
          beforeActing: () => suite.operate("up", ["--target", "**::nd", "--target", "**::rod"]),
          ignores: ["steps", "resourceChanges"],
        }
      : {}),
    // How many others have been looked at when it fails.
    ...(order === 10 ? { ignores: ["resourceChanges", UNREACHED] } : {}),
    ...(order === 12 ? { ignores: [UNREACHED] } : {}),
    ...(order === 13 ? { before: () => suite.forget() } : {}),
    ...(order === 14 ? { timeoutSeconds: 25 } : {}),
  }),
};

const EVERY_PLAN: Plan[] = [
  {
    suite: "remotecmd",
    plays: only(1, 3, 4, 5, 6, 12, 13, 18),
    previews: only(3, 6),
    options: ({ order }, suite) => ({
      ...first({ 12: "bad", 15: "bad", 17: "env", 18: "stdinFail", 20: "rc" }[order]),
      ...(order === 12 && !ALL ? { before: () => suite.forget() } : {}),
      // Its old `delete` fails: what the other one does before or after that is done beforehand.
      ...(order === 21 ? { beforeActing: () => suite.operate("up", ["--target", "**::rc"]), ignores: NOT_STATE } : {}),
    }),
  },
  {
    suite: "copy",
    plays: only(1, 3, 7, 8),
    previews: only(3),
    options: ({ order }, suite, _server, world) => ({
      before: () => files(order, suite, world),
      ...acting({ 10: "textIntoDir", 12: "produce" }[order]),
      ...(order === 12 ? { ignores: ["resourceChanges", UNREACHED] } : {}),
      unchecked: order === 7 && !ALL,
      // The changes that the stages left out would have made there.
      ...(ALL || order <= 3 ? { look: () => copies(world) } : {}),
    }),
  },
  {
    suite: "copyfail",
    plays: () => true,
    previews: only(2, 4),
    remote: "/run/rec2",
    // Its dials' own limit is close to the kernel's search for a neighbour, which was the first to end in the records.
    deadHost: NO_ROUTE,
    options: (_golden, _suite, _server, world) => ({ look: () => oneCopy(world) }),
  },
  {
    suite: "tls",
    plays: only(1, 2, 4),
    previews: only(4),
    options: ({ order }, suite) => ({
      ...(order === 12 ? { args: ["--refresh"] } : {}),
      // Of what is as deep in the program, one comes first and one fails: here they are the recorder's.
      ...(order === 6 ? acting("ssEarlyPast", "leafWrongCaKey") : {}),
      ...(order === 15 ? { ignores: CHANCE, previewIgnores: CHANCE } : {}),
      look: ({ resources }, { observed = {} }) => certificates(resources, Object.keys(observed), suite.dir),
    }),
  },
  {
    suite: "k8sopts",
    needsApiServer: true,
    plays: only(1, 2, 3),
    previews: only(2),
    options: ({ order }, suite, server) => ({
      ...([3, 5].includes(order) ? PARALLEL : {}),
      // Chance decides if the one goes on to `replace` before the other has failed, and which of the two is tried and fails.
      ...(order === 5 ? { ignores: ["steps", "resourceChanges"] } : {}),
      ...(order === 6 ? { ignores: ["steps", "diagnostics"], preview: false } : {}),
      before: async () => {
        if (order === 1) await server?.seedForOptions();
        if (order !== 7) return;
        await suite.forget();
        await server?.clear("taken");
        server?.stopCollecting();
      },
      ...(server ? { look: () => objects(server) } : {}),
    }),
  },
  // Its second stage waits for 62 s, as the official plugin does.
  { suite: "k8ssilent", needsApiServer: true, plays: () => ALL, previews: only() },
  {
    suite: "k8s",
    needsApiServer: true,
    plays: only(1, 2, 3, 4, 5),
    previews: only(1, 4),
    options: ({ order }, _suite, server) => ({
      ...first({ 9: "n1", 19: "late", 24: "dn" }[order]),
      before: async () => {
        if (order === 1) await server?.seed();
        if (order === 8) await server?.drift();
        if (order === 17) await server?.stop();
      },
      ...(server ? { look: () => objects(server) } : {}),
    }),
  },
];

/** Of the suite `local` only a command's assets are beyond the stand-in: all else is compared, and they are refused. */
const LOCAL: Plan = {
  suite: "local",
  plays: only(1, 3),
  previews: only(),
  options: ({ order }, suite) => ({
    // How much else has run when one fails.
    ...(order === 5 ? { ignores: ["status lines", "commandsRun"] } : {}),
    ...(order === 6 ? { ignores: ["status lines", "commandsRun", "resourceChanges"] } : {}),
    before: async () => {
      if (order !== 1) return;
      await mkdir(join(suite.dir, "ld"));
      await writeFile(join(suite.dir, "ld/a.txt"), "a\n");
    },
  }),
};
const ASSETS = {
  text: 'assetPaths: ["*.txt"], archivePaths: ["*.txt"]',
  properties: ["assetPaths", "archivePaths", "assets", "archive"],
};

const OTHERWISE: Record<Subject, Plan[]> = {
  official: [LOCAL, REMOTE_DEAD],
  "stand-ins": [
    { ...LOCAL, without: ASSETS },
    // The last one has nothing but removals.
    {
      suite: "local",
      refuses: { inputs: ["assetPaths", "archivePaths"], by: "preview" },
      plays: (order) => order <= (ALL ? 6 : 1),
      previews: only(),
    },
    { ...REMOTE_DEAD, plays: (order) => REMOTE_DEAD.plays(order) && order < 14 },
    // A logged line of more than 64 KiB, over which the official plugin hangs.
    {
      suite: "remotedead",
      refuses: { inputs: ["logging"], by: "up" },
      plays: (order) => order === 14,
      previews: only(),
    },
  ],
};

/**
 * Engine 3.260-dev recorded it. Under 3.259.0 (not tried with later ones) the official plugin's previews of copies have an unknown source among the
 * outputs, and a source that isn't known yet is refused, as by the plugin's check.
 */
const PREVIEWS_OTHERWISE: Record<Subject, RegExp> = { official: /^copy(fail)?-/, "stand-ins": /^$/ };

export function plansFor(subject: Subject): Plan[] {
  const { LAB_TEST_SUITE: wanted } = process.env;
  return [...EVERY_PLAN, ...OTHERWISE[subject]].filter(({ suite }) => !wanted || wanted.split(",").includes(suite));
}

export function isPreviewed(subject: Subject, { previews }: Plan, { file, order }: Golden): boolean {
  return previews(order) && !PREVIEWS_OTHERWISE[subject].test(file);
}

async function files(order: number, suite: Suite, world: World): Promise<void> {
  const folder = join(suite.dir, "src");
  await mkdir(folder, { recursive: true });
  if (order === 1) {
    await writeFile(join(folder, "f600"), "f600 one\n", { mode: 0o600 });
    await writeFile(join(folder, "f755"), "f755 one\n", { mode: 0o755 });
  } else if (order === 3) await writeFile(join(folder, "f600"), "f600 two\n");
  // Changes of the copies by somebody else.
  else if (order === 4) await world.onHost("A", "cd /run/rec/p1 && rm deep/text.txt && echo tampered >f600");
}
