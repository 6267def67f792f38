// Pulumi starts this file (Pulumi.yaml: main). It bundles index.ts and its imports in memory and runs the bundle: that takes
// 0.1 s, while ts-node takes more than a second. Types are checked in CI, not in the act. Nothing is kept on disk, so the
// program that runs is always the one in the checkout.
const Module = require("node:module");
const { join } = require("node:path");

/**
 * Modules that the SDK loads at once and needs only to send functions to a provider, or to drive other programs; this program does neither.
 * They take two thirds of the SDK's loading time, so each is loaded at its first use.
 */
const late = new Set(["typescript", "@npmcli/arborist", "@pulumi/pulumi/automation"]);

const sdk = require.resolve("@pulumi/pulumi");
const load = Module._load;
Module._load = (request, parent, ...rest) => {
  const name = request === "./automation" && parent?.filename === sdk ? "@pulumi/pulumi/automation" : request;
  return late.has(name) ? whenUsed(() => load(request, parent, ...rest)) : load(request, parent, ...rest);
};

function whenUsed(loadNow) {
  return new Proxy(() => {}, {
    // an import reads __esModule first; without `true` it would go through all of the module's exports, and load it
    get: (_, key) => (key === "__esModule" ? true : loadNow()[key]),
    apply: (_, self, args) => Reflect.apply(loadNow(), self, args),
    construct: (_, args) => Reflect.construct(loadNow(), args),
  });
}

// The SDK's runner maps every stack to the SDK's own sources, also the stacks that it takes of each resource and shows nobody.
Error.prepareStackTrace = undefined;

// in the project's folder, where node_modules and on-host/ are looked for
const file = join(__dirname, "program.js");
const building = require("esbuild").build({
  entryPoints: [join(__dirname, "index.ts")],
  absWorkingDir: __dirname,
  outfile: file,
  write: false,
  bundle: true,
  packages: "external",
  platform: "node",
  target: "node20",
  sourcemap: "external",
  sourcesContent: false,
  logLevel: "silent",
});
// esbuild is a process of its own: meanwhile, what takes longest to load
for (const name of ["@pulumi/command", "ssh2"]) require(name);

function run({ outputFiles }) {
  const code = outputFiles.find((output) => output.path === file);
  const program = new Module(file, module);
  program.filename = file;
  program.paths = module.paths;
  program._compile(code.text, file);
  return program.exports();
}

/** Positions of the piece as those of the sources: `program.js:120:7` becomes `plan/acts/failover/failover.ts:31:5`. */
function inSources(text, { outputFiles }) {
  const map = outputFiles.find((output) => output.path !== file);
  const positions = new Module.SourceMap(JSON.parse(map.text));
  return text.replace(/\S*program\.js:(\d+):(\d+)/g, (whole, line, column) => {
    const { originalSource, originalLine, originalColumn } = positions.findEntry(line - 1, column - 1);
    return originalSource === undefined ? whole : `${originalSource}:${originalLine + 1}:${originalColumn + 1}`;
  });
}

module.exports = async () => {
  const built = await building;
  try {
    return await run(built);
  } catch (error) {
    error.message = inSources(error.message, built);
    throw error;
  }
};
