import assert from "node:assert/strict";
import { onHostScript, onHostText, withNeeds } from "../../on-host";
import { alwaysPrinted, printedBySome } from "../../plan/facts/sections";
import { stateOfEachTest } from "./host-state";

const printed = withNeeds("look/facts", onHostText).flatMap((script) =>
  [...onHostText(script).matchAll(/^\s*section ([a-z.]+)$/gm)].map((found) => found[1] ?? ""),
);

describe("the sections of a host's facts", () => {
  // a host without docker, etcd, or any act of this program
  const host = stateOfEachTest({}, { docker: "#!/bin/sh\nexit 1\n", curl: "#!/bin/sh\nexit 1\n" });

  it("are listed completely: the scripts print no other", () =>
    // facts.sh prints `end` together with the time
    assert.deepEqual([...printed, "end"].sort(), [...alwaysPrinted, ...printedBySome].sort()));

  it("are printed on a host without docker, etcd or act, but for those that only some hosts print", () => {
    const script = onHostScript("look/facts").replaceAll("/var/lib/rke-dr", host.folder);
    const { stdout } = host.run("bash", ["-s", "--", "2", "1"], script);
    const names = [...stdout.matchAll(/^@@ (.*)$/gm)].map((found) => found[1] ?? "");
    assert.deepEqual(names.filter((name) => name !== "late").sort(), [...alwaysPrinted].sort());
  });
});
