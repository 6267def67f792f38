import assert from "node:assert/strict";
import { imports, sources } from "./sources";

/** The rooms of plan/ in their order: a room imports from itself and from rooms that stand before it. */
const planRooms = [
  "values",
  "topology",
  "runtimes",
  "facts",
  "etcd",
  "steps",
  "installers",
  "declaration",
  "acts",
  "import",
  "guards",
  "preview",
  "review",
];
/** Rooms beside each other: neither imports from the other. */
const apart: [string, string][] = [
  ["import", "acts"],
  ["guards", "import"],
  ["preview", "import"],
];

interface Rule {
  packages: RegExp;
  folders: string[];
}

const planRule = (name: string, i: number): [string, Rule] => [
  `plan/${name}`,
  {
    // node:crypto for MD5, which is as pure as the rest
    packages: /^(zod|yaml|diff|protobufjs\/minimal|node:crypto)$/,
    folders: planRooms
      .slice(0, i + 1)
      .filter((other) => other === name || !apart.some((pair) => pair.includes(name) && pair.includes(other)))
      .map((other) => `plan/${other}/`),
  },
];

/** The imports that each room may have: packages by name, folders of the project with a slash. */
const allowed: Record<string, Rule> = {
  ...Object.fromEntries(planRooms.map(planRule)),
  evidence: { packages: /^$/, folders: ["plan/", "evidence/"] },
  reach: {
    packages: /^(ssh2|@pulumi\/pulumi|node:(child_process|fs|os|stream))$/,
    folders: ["plan/", "reach/"],
  },
  observe: {
    packages: /^node:(crypto|dns\/promises|net|path|timers\/promises)$/,
    folders: ["plan/", "reach/", "observe/", "on-host.ts"],
  },
  components: {
    packages: /^(@pulumi\/.*|yaml|node:(child_process|crypto))$/,
    folders: ["plan/", "evidence/", "reach/", "observe/", "components/", "config.ts", "on-host.ts", "stop.ts"],
  },
  cli: {
    packages: /^(yaml|diff|node:(child_process|fs|http|path|util))$/,
    folders: ["plan/", "evidence/", "reach/", "cli/", "observe/", "on-host.ts", "signed.ts", "declared-topology.ts"],
  },
  // Pulumi's engine starts it: nothing here imports it
  policy: { packages: /^@pulumi\/policy$/, folders: ["plan/", "policy/"] },
  // the package's entry: nothing here imports it
  automation: {
    packages: /^(@pulumi\/pulumi\/automation|node:(fs|os|path|util))$/,
    folders: ["plan/", "evidence/", "reach/", "cli/", "automation/", "declared-topology.ts", "late.js"],
  },
};

/** The laboratory's rooms, likewise; what none of the program imports. A room's files are those of no room within it. */
const laboratory: Record<string, Rule> = {
  "stand-ins/rke": {
    packages: /^(@peculiar\/x509|esbuild|reflect-metadata|ssh2|yaml|zod|node:.*)$/,
    // the recording of RKE's own metadata, which is no part of the program
    folders: ["stand-ins/rke/", "test/golden/rke-releases/releases.json"],
  },
  "stand-ins/pulumi": {
    packages:
      /^(@grpc\/grpc-js|@kubernetes\/client-node|@peculiar\/x509|@pulumi\/pulumi\/proto\/.*|esbuild|google-protobuf\/.*|reflect-metadata|ssh2|yaml|node:.*)$/,
    folders: ["stand-ins/pulumi/"],
  },
  "lab/machine": { packages: /^node:/, folders: ["lab/machine/"] },
  "lab/build": { packages: /^node:/, folders: ["lab/build/", "lab/machine/"] },
  "lab/state": { packages: /^(yaml|zod|node:.*)$/, folders: ["lab/state/", "lab/build/", "lab/machine/"] },
  "lab/network": { packages: /^node:/, folders: ["lab/network/", "lab/state/", "lab/machine/"] },
  "lab/hosts": { packages: /^node:/, folders: ["lab/hosts/", "lab/network/", "lab/state/", "lab/machine/"] },
  "lab/faults": {
    packages: /^node:/,
    folders: ["lab/faults/", "lab/hosts/", "lab/network/", "lab/state/", "lab/build/", "lab/machine/"],
  },
  "lab/operator": {
    packages: /^(yaml|node:.*)$/,
    // stand-ins where the lab starts them only: Pulumi's plugins for the operator, and at `up` the deploy hosts' rke
    folders: [
      ...["lab/operator/", "lab/hosts/", "lab/network/", "lab/state/", "lab/build/", "lab/machine/"],
      "stand-ins/pulumi/build.ts",
    ],
  },
  "lab/installers": {
    packages: /^node:/,
    folders: [
      ...["lab/installers/", "lab/hosts/", "lab/network/", "lab/state/", "lab/build/", "lab/machine/"],
      "stand-ins/rke/build.ts",
    ],
  },
  lab: { packages: /^node:/, folders: ["lab/"] },
  drill: { packages: /^(@kubernetes\/client-node|node:.*)$/, folders: ["drill/", "lab/", "on-host.ts"] },
  // drawing and judging are pure
  "campaign/draw": { packages: /^node:crypto$/, folders: ["campaign/draw/"] },
  "campaign/judge": { packages: /^$/, folders: ["campaign/judge/"] },
  "campaign/table": { packages: /^$/, folders: ["campaign/table/", "campaign/draw/", "campaign/judge/"] },
  campaign: { packages: /^(yaml|node:.*)$/, folders: ["campaign/", "drill/", "lab/"] },
  bench: { packages: /^(ssh2|yaml|node:.*)$/, folders: ["bench/", "drill/", "lab/", "plan/", "on-host.ts"] },
};

const rooms = { ...allowed, ...laboratory };

/** A room's own files: not those of a room within it. */
const own = (room: string): string[] =>
  sources(room).filter(
    (file) => !Object.keys(rooms).some((inner) => inner.startsWith(`${room}/`) && file.startsWith(`${inner}/`)),
  );

describe("dependencies point one way", () => {
  it("every file of plan/ is in a room", () =>
    assert.deepEqual(
      sources("plan").filter((file) => !planRooms.includes(file.split("/")[1] ?? "")),
      [],
    ));

  for (const [room, rule] of Object.entries(rooms)) {
    for (const file of own(room)) {
      it(file, () => {
        for (const name of imports(file)) {
          const fine = rule.packages.test(name) || rule.folders.some((f) => name.startsWith(f));
          assert.ok(fine, `${file} imports ${name}`);
        }
      });
    }
  }

  it("every file of the laboratory belongs to a room", () => {
    const held = new Set(Object.keys(laboratory).flatMap(own));
    const all = ["lab", "drill", "campaign", "bench", "stand-ins"].flatMap((folder) => sources(folder));
    assert.deepEqual(
      all.filter((file) => !held.has(file)),
      [],
    );
  });

  it("nothing of the program imports lab, drill, campaign, bench or stand-ins", () => {
    const program = [
      "index.ts",
      "config.ts",
      "stop.ts",
      "on-host.ts",
      "signed.ts",
      "declared-topology.ts",
      ...Object.keys(allowed).flatMap((room) => sources(room)),
    ];
    for (const file of program) {
      assert.deepEqual(
        imports(file).filter((name) => /^(lab|drill|campaign|bench|stand-ins)\//.test(name)),
        [],
        file,
      );
    }
  });
});
