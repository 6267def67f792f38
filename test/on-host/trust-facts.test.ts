import assert from "node:assert/strict";
import { onHostScript } from "../../on-host";
import { stateOfEachTest } from "./host-state";

/** SSH ends as the name of its host says. */
const ssh = `#!/bin/sh
case "$*" in
  *@good*) exit 0 ;;
  *@denied*) printf 'Warning: something first\\nPermission denied (publickey).\\n' >&2; exit 255 ;;
  *@silent*) exit 255 ;;
esac
`;
/** The time of SSH to a slow host runs out at once. */
const timeout = `#!/bin/sh
case "$*" in *@slow*) exit 124 ;; esac
shift
exec "$@"
`;

describe("a deploy host's facts about its SSH to the others", () => {
  const host = stateOfEachTest({ key: "a key\n" }, { docker: "#!/bin/sh\n", ssh, timeout });

  it("say how each try ended, and that time ran out, which isn't the key's fault", () => {
    const targets = ["good", "denied", "silent", "slow"].map((name) => `root@${name}:22`).join(" ");
    const script = onHostScript("look/facts").replaceAll("/etc/rke-dr/ssh/id_ed25519", `${host.folder}/key`);
    const result = host.run(
      "bash",
      ["-s", "--", "2", "1", "", targets],
      script.replaceAll("/var/lib/rke-dr", host.folder),
    );
    const [, lines = ""] = /^@@ trust\n([^@]*(?:@(?!@)[^@]*)*)/m.exec(result.stdout) ?? [];
    assert.deepEqual(lines.trim().split("\n").sort(), [
      "root@denied:22 Permission denied (publickey).",
      "root@good:22 ok",
      "root@silent:22 ssh ended with 255",
      "root@slow:22 no answer within 8 s",
    ]);
  });
});
