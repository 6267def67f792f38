import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ApiServer } from "./api-server.js";
import type { Suite } from "./engine.js";
import type { Golden } from "./golden.js";
import type { Options, Part } from "./play.js";

/** Which records are played on what, and what is done to the world between them, as the recorder did it. */

export const ALL = process.env.LAB_TEST_PLUGINS === "all";
const only = (...orders: number[]) => (ALL ? () => true : (order: number) => orders.includes(order));

export type Subject = "stand-ins" | "official";

export interface Plan {
  suite: string;
  plays: (order: number) => boolean;
  /** Stages whose preview is compared too; without it the run is shorter. */
  previews: (order: number) => boolean;
  options?: (golden: Golden, suite: Suite, server: ApiServer | undefined) => Partial<Options>;
  needsApiServer?: boolean;
  /** The folder on the hosts that its records call $REMOTE. */
  remote?: string;
  /** Taken out of the program and of its records: stand-ins refuse it. */
  without?: { text: string; properties: string[] };
  /** Inputs that each stage is refused for, by name, instead of being played. */
  refuses?: string[];
}

/** With one step at a time, which of several comes first and fails is left to chance: here it is the recorder's. */
function first(name: string | undefined): Partial<Options> {
  return name === undefined ? {} : { args: ["--target", `**::${name}`], ignores: ["resourceChanges"], preview: false };
}

const PARALLEL = { args: ["--parallel", "8"] };

/** What depends on how much was registered or done when a step failed. */
const CHANCE: Part[] = ["steps", "resourceChanges", "state"];
const NOT_STATE: Part[] = ["exitCode", "steps", "diagnostics", "resourceChanges", "commandsRun"];

const EVERY_PLAN: Plan[] = [
  {
    suite: "remotecmd",
    plays: only(1, 3, 4, 5, 6, 12, 13, 18),
    previews: only(3, 6),
    options: ({ order }, suite) => ({
      ...first({ 12: "bad", 15: "bad", 17: "env", 18: "stdinFail", 20: "rc" }[order]),
      ...(order === 12 && !ALL ? { before: () => suite.forget() } : {}),
      // Its old `delete` fails: what the other one does before or after that is done beforehand.
      ...(order === 21 ? { before: () => suite.operate("up", ["--target", "**::rc"]), ignores: NOT_STATE } : {}),
    }),
  },
  {
    suite: "remotedead",
    // In 14 a line is longer than 64 KiB: the official plugin hangs; the stand-in fails by name (command.test.ts).
    plays: (order) => (ALL ? order < 14 : order === 1 || order === 3),
    previews: only(),
    options: ({ order }, suite) => ({
      ...([5, 6, 7].includes(order) ? PARALLEL : {}),
      ...([8, 12].includes(order) ? { args: ["--parallel", "8", "--continue-on-error"], preview: false } : {}),
      ...(order === 11 ? { before: () => suite.editState("192.168.31.101", "192.168.31.250") } : {}),
      // How many others have been looked at when it fails.
      ...(order === 10 ? { ignores: ["resourceChanges"] } : {}),
      // With the stand-in the engine numbers the failed delete's status 2, as in 11, and not 0. Nothing depends on it.
      ...(order === 12 ? { ignores: ["steps"] } : {}),
      ...(order === 13 ? { before: () => suite.forget() } : {}),
    }),
  },
  {
    suite: "copy",
    plays: only(1, 3, 7, 8),
    previews: only(3),
    options: ({ order }, suite) => ({ before: () => files(order, suite), unchecked: order === 7 && !ALL }),
  },
  // In 2 and 3 a dial ends by its own limit or by the kernel's, which is left to chance.
  { suite: "copyfail", plays: (order) => [1, 4, 5, 6, 7].includes(order), previews: only(4), remote: "/run/rec2" },
  {
    suite: "tls",
    plays: only(1, 2, 4),
    previews: only(4),
    options: ({ order }) => ({
      ...(order === 12 ? { args: ["--refresh"] } : {}),
      // Which of two deletes of one resource comes first is left to chance.
      unchecked: order === 6 || order === 7,
      ...(order === 15 ? { ignores: CHANCE } : {}),
    }),
  },
  {
    suite: "k8sopts",
    needsApiServer: true,
    plays: only(1, 2, 3),
    previews: only(2),
    options: ({ order }, suite, server) => ({
      ...([3, 5].includes(order) ? PARALLEL : {}),
      // Whether the one goes on to `replace` before the other has failed; which of the two is tried and fails.
      ...(order === 5 ? { ignores: ["steps", "resourceChanges"] } : {}),
      ...(order === 6 ? { ignores: ["steps", "diagnostics"], preview: false } : {}),
      before: async () => {
        if (order === 1) await server?.seedForOptions();
        if (order !== 7) return;
        await suite.forget();
        await server?.clear();
        server?.stopCollecting();
      },
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
  official: [LOCAL],
  "stand-ins": [
    { ...LOCAL, without: ASSETS },
    // The last one has nothing but removals.
    {
      suite: "local",
      refuses: ["assetPaths", "archivePaths"],
      plays: (order) => order <= (ALL ? 6 : 1),
      previews: only(),
    },
  ],
};

/** Engine 3.260-dev recorded it; 3.259.0 refuses a source that isn't known yet, as the official plugin's check does. */
const PREVIEWS_OTHERWISE: Record<Subject, string[]> = { official: ["copy-03-changeContent"], "stand-ins": [] };

export function plansFor(subject: Subject): Plan[] {
  const { LAB_TEST_SUITE } = process.env;
  return [...EVERY_PLAN, ...OTHERWISE[subject]].filter(({ suite }) => !LAB_TEST_SUITE || suite === LAB_TEST_SUITE);
}

export function isPreviewed(subject: Subject, { previews }: Plan, { file, order }: Golden): boolean {
  return previews(order) && !PREVIEWS_OTHERWISE[subject].includes(file);
}

async function files(order: number, suite: Suite): Promise<void> {
  const folder = join(suite.dir, "src");
  await mkdir(folder, { recursive: true });
  if (order === 1) {
    await writeFile(join(folder, "f600"), "f600 one\n", { mode: 0o600 });
    await writeFile(join(folder, "f755"), "f755 one\n", { mode: 0o755 });
  } else if (order === 3) await writeFile(join(folder, "f600"), "f600 two\n");
}
