// Loaded into the program's process (Pulumi.yaml: nodeargs): what it took, written to BENCH_METER when it ends.
const { writeFileSync } = require("node:fs");
const { performance } = require("node:perf_hooks");

process.on("exit", () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const took = {
    seconds: performance.now() / 1000,
    processor: (userCPUTime + systemCPUTime) / 1e6,
    bytes: maxRSS * 1024,
  };
  writeFileSync(process.env.BENCH_METER, JSON.stringify(took));
});
