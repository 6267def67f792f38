// Pulumi starts this file (Pulumi.yaml: main). It bundles index.ts and its imports in memory and runs the bundle: that takes
// 0.1 s, while ts-node takes more than a second. Types are checked in CI, not in the act. Nothing is kept on disk, so the
// program that runs is always the one in the checkout.
const Module = require("node:module");
const { join } = require("node:path");

const { whenUsed } = require("./late");

/** The SDK also loads what drives other programs. */
const sdk = require.resolve("@pulumi/pulumi");
const load = Module._load;
Module._load = (request, parent, ...rest) =>
  request === "./automation" && parent?.filename === sdk
    ? whenUsed(() => load(request, parent, ...rest))
    : load(request, parent, ...rest);

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
