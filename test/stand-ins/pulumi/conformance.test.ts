import { strict as assert } from "node:assert";
import { accessSync, constants } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { buildPlugins } from "../../../stand-ins/pulumi/build.js";
import { ApiServer, KUBE_CONFIG, KUBE_SUBSTITUTIONS } from "./replay/api-server.js";
import { Suite } from "./replay/engine.js";
import { type Golden, goldenSuite } from "./replay/golden.js";
import { ALL, isPreviewed, type Plan, plansFor, type Subject } from "./replay/plans.js";
import { play, refusal } from "./replay/play.js";
import { Matcher } from "./replay/template.js";
import { ADDRESSES, World } from "./replay/world.js";

const { version: kubernetesVersion } = require("@pulumi/kubernetes/package.json") as { version: string };

/**
 * Plays the records of the official plugins (test/golden/plugins) through the real engine with the stand-ins. Suites run
 * side by side, as each has a stack of its own. LAB_TEST_PLUGINS=all plays every stage, which takes half an hour;
 * LAB_TEST_SUITE=tls,copy only these suites'.
 */

function find(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Why this test can't run on this machine, or undefined. */
function obstacle(): string | undefined {
  if (process.platform !== "linux") return "network namespaces need Linux";
  if (process.getuid?.() !== 0) return "network namespaces need root";
  const missing = ["ip", "nsenter", "unshare", "sshd", "ssh-keygen"].filter((tool) => !find(tool));
  if (missing.length > 0) return `not installed: ${missing.join(", ")}`;
  return engine() ? undefined : "no Pulumi engine: neither LAB_TEST_ENGINE nor `pulumi` on PATH";
}

function engine(): string | undefined {
  const { LAB_TEST_ENGINE } = process.env;
  return LAB_TEST_ENGINE && isExecutable(LAB_TEST_ENGINE) ? LAB_TEST_ENGINE : find("pulumi");
}

/** Only where somebody has built one: that takes minutes. */
function apiServer(): { apiserver: string; etcd: string } | undefined {
  const { KUBE_APISERVER_BIN: apiserver } = process.env;
  const etcd = find("etcd");
  return apiserver && isExecutable(apiserver) && etcd ? { apiserver, etcd } : undefined;
}

interface Plugins {
  subject: Subject;
  name: string;
  /** The folder of its plugins; the stand-ins are built there. */
  folder: (world: World) => Promise<string>;
  absent?: string;
}

/** The stand-ins, and the official plugins where they are: if these failed, the comparison would be wrong. */
const official = [
  "pulumi-language-nodejs",
  "pulumi-resource-command",
  "pulumi-resource-tls",
  "pulumi-resource-kubernetes",
];
const SUBJECTS: Plugins[] = [
  {
    subject: "stand-ins",
    name: "the plugins' stand-ins do",
    folder: async (world) => (await buildPlugins(join(world.dir, "plugins"))).dir,
  },
  {
    subject: "official",
    name: "the official plugins do",
    folder: async () => dirname(find("pulumi-resource-command") ?? ""),
    ...(official.every(find) ? {} : { absent: "no official plugins on PATH" }),
  },
];

for (const { subject, name: title, folder, absent } of SUBJECTS)
  describe(`${title} what the official plugins were recorded doing`, function () {
    this.timeout(ALL ? 3_600_000 : 900_000);
    const plans = plansFor(subject).map((plan) => ({
      plan,
      stack: plan.refuses ? `${plan.suite}-refused` : plan.suite,
      records: goldenSuite(plan.suite, plan.without?.properties).filter(({ order }) => plan.plays(order)),
    }));
    let world: World | undefined;
    let server: Promise<ApiServer> | undefined;
    /** Suites on the API server take turns: one of them stops it. */
    let turn: Promise<unknown> = Promise.resolve();
    const results = new Map<string, Promise<string[]>>();

    before(async function () {
      const reason = absent ?? obstacle();
      if (reason) {
        console.log(`      skipped: ${reason}`);
        this.skip();
      }
      world = await World.make();
      const dir = await folder(world);
      for (const { plan, stack, records } of plans) start(plan, stack, records, world, dir);
    });

    after(async () => {
      await Promise.allSettled(results.values());
      await world?.remove();
    });

    function start(plan: Plan, stack: string, records: Golden[], inWorld: World, plugins: string): void {
      const binaries = plan.needsApiServer ? apiServer() : undefined;
      if (records.length === 0 || (plan.needsApiServer && !binaries)) return;
      const addresses = { ...ADDRESSES, deadHost: plan.deadHost ?? ADDRESSES.deadHost };
      const config = { ...addresses, key: inWorld.privateKey, ...(binaries ? KUBE_CONFIG : {}) };
      const suite = new Suite(stack, inWorld, engine() as string, plugins, config, plan.suite);
      const matcher = new Matcher({
        ...KUBE_SUBSTITUTIONS,
        // The fixture is compiled beforehand.
        "$ROOT/fixture/index.ts": join(suite.project, "index.js"),
        "$ROOT/fixture": suite.project,
        $DIR: suite.dir,
        $HOST_A: ADDRESSES.hostA,
        $HOST_B: ADDRESSES.hostB,
        $HOST_DEAD: addresses.deadHost,
        $HOST_SILENT: ADDRESSES.silentHost,
        $REMOTE: plan.remote ?? "/run/rec",
        // the records' provider; in its inputs is the version of the SDK
        "4.32.0": kubernetesVersion,
      });
      if (binaries) server ??= ApiServer.start(inWorld, binaries.apiserver, binaries.etcd);
      let last: Promise<unknown> = Promise.all([
        suite.prepare(plan.without?.text),
        ...(binaries ? [server, turn] : []),
      ]);
      for (const golden of records) {
        const result = last.then(async () => {
          if (plan.refuses) return refusal(suite, golden, plan.refuses);
          const options = {
            preview: isPreviewed(subject, plan, golden),
            ...plan.options?.(golden, suite, binaries && (await server), inWorld),
          };
          return play(suite, golden, matcher, options);
        });
        last = result;
        result.catch(() => {});
        results.set(`${stack} ${golden.file}`, result);
      }
      if (binaries) turn = last.catch(() => {});
    }

    for (const { plan, stack, records } of plans) {
      for (const golden of records) {
        const condition = plan.needsApiServer ? " [needs KUBE_APISERVER_BIN and etcd]" : "";
        const [{ refuses, without }, because] = [plan, "stand-ins refuse them"];
        const what = refuses ? `refused by name for ${refuses.inputs.join(", ")}` : golden.about;
        const part = without ? ` [without ${without.properties.join(", ")}: ${because}]` : "";
        it(`${golden.file}: ${what}${part}${condition}`, async function () {
          if (plan.needsApiServer && !apiServer()) this.skip();
          assert.deepEqual(await results.get(`${stack} ${golden.file}`), []);
        });
      }
    }
  });
