// Pulumi starts this file (package.json: main). The pack's own sources are TypeScript.
require("tsx/cjs");
require("./pack.ts");
