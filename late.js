// Modules that the Pulumi SDK loads at once and needs only to send functions to a provider; this program does not. They take two thirds of the SDK's loading
// time, so each is loaded when the SDK first uses it.
const Module = require("node:module");
const { dirname, sep } = require("node:path");

const sdk = dirname(require.resolve("@pulumi/pulumi/package.json")) + sep;
const late = new Set(["typescript", "@npmcli/arborist"]);
const load = Module._load;
Module._load = (request, parent, ...rest) =>
  late.has(request) && parent?.filename?.startsWith(sdk)
    ? exports.whenUsed(() => load(request, parent, ...rest))
    : load(request, parent, ...rest);

exports.whenUsed = (loadNow) =>
  new Proxy(() => {}, {
    // an import reads __esModule first; without `true` it would go through all of the module's exports, and load it
    get: (_, key) => (key === "__esModule" ? true : loadNow()[key]),
    apply: (_, self, args) => Reflect.apply(loadNow(), self, args),
    construct: (_, args) => Reflect.construct(loadNow(), args),
  });
