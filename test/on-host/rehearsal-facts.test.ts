import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onHostScript } from "../../on-host";
import { parseFacts } from "../../plan/facts/facts";
import { stateOfEachTest } from "./host-state";

describe("a host's facts about its last rehearsal", () => {
  const host = stateOfEachTest({}, { docker: "#!/bin/sh\n" });
  const look = () => {
    const script = onHostScript("look/facts").replaceAll("/var/lib/rke-dr", host.folder);
    const { stdout } = host.run("bash", ["-s", "--", "2", "1"], script);
    return parseFacts("master3", stdout, Date.now(), () => ({ certificates: [], unreadableCertificates: [] }))
      .rehearsal;
  };
  const keep = (startedAt: string, verified: boolean) => {
    mkdirSync(join(host.folder, "rehearsals"), { recursive: true });
    const name = startedAt.replace(/[-:]|\.\d+/g, "");
    // as cli/rehearse.ts writes it
    const report = { cluster: "lab", startedAt, member: "master3", resources: [], verified };
    writeFileSync(join(host.folder, `rehearsals/${name}.json`), `${JSON.stringify(report, null, 2)}\n`);
  };

  it("are those of the newest report, and nothing if there is none", () => {
    assert.equal(look(), undefined);
    keep("2026-11-01T02:00:00.123Z", true);
    assert.deepEqual(look(), { startedAt: Date.UTC(2026, 10, 1, 2, 0, 0, 123), verified: true });
    keep("2026-11-29T23:59:59.000Z", false);
    assert.deepEqual(look(), { startedAt: Date.UTC(2026, 10, 29, 23, 59, 59), verified: false });
  });
});
