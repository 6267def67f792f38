// The Pulumi SDK loads TypeScript's compiler at once and needs it only to send functions to a provider; this program does not. It takes much of the SDK's
// loading time, so it is loaded when the SDK first uses it.
const Module = require("node:module");
const { dirname, sep } = require("node:path");

const sdk = dirname(require.resolve("@pulumi/pulumi/package.json")) + sep;
const load = Module._load;
Module._load = (request, parent, ...rest) =>
  request === "typescript" && parent?.filename?.startsWith(sdk)
    ? exports.whenUsed(() => load(request, parent, ...rest))
    : load(request, parent, ...rest);

exports.whenUsed = (loadNow) =>
  new Proxy(() => {}, {
    // an import reads __esModule first; without `true` it would go through all of the module's exports, and load it
    get: (_, key) => (key === "__esModule" ? true : loadNow()[key]),
    apply: (_, self, args) => Reflect.apply(loadNow(), self, args),
    construct: (_, args) => Reflect.construct(loadNow(), args),
  });
