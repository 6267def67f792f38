// The package's entry: `import { failover } from "rke-dr"`. Its sources are TypeScript, which tsx reads, so that what runs is always what lies here.
const api = require("tsx/cjs/api").require("./failover.ts", __filename);

exports.failover = api.failover;
exports.clusters = api.clusters;
exports.ActError = api.ActError;
