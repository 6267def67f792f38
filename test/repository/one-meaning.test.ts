import assert from "node:assert/strict";
import { onHostText, withNeeds } from "../../on-host";
import type { Dialect } from "../../plan/installers/dialect";
import { shellScripts } from "./shell-scripts";
import { root } from "./sources";

const dialects: Dialect[] = [
  { runtime: "docker", installer: "rke" },
  { runtime: "static-pod", installer: "kubeadm" },
  { runtime: "systemd", installer: "kubespray" },
  { runtime: "systemd", installer: "kubekey" },
  { runtime: "systemd", installer: "unit" },
];
/** Scripts that are put together with all that they need; the others are only needed. */
const whole = shellScripts(root)
  .filter((path) => /^on-host\/(steps|look\/facts|resident|installers\/rke\/[\w-]+\.sh)/.test(path))
  .map((path) => path.replace(/^on-host\/|\.sh$/g, ""));
/** Names of the functions that a script defines, each as often as it does. */
const functionsOf = (text: string): string[] => [...text.matchAll(/^(\w+)\(\) [{(]/gm)].map(([, name = ""]) => name);

/** The runtime systemd defines the doors of static-pod anew, which it has kept under other names before. */
const isDoorOfPods = (name: string, part: string): boolean =>
  part === "runtimes/systemd" && functionsOf(onHostText("runtimes/docker")).includes(name);

describe("a script and all that it needs", () => {
  it("are found", () => assert.ok(whole.length > 45, String(whole.length)));

  for (const dialect of dialects) {
    it(`${dialect.runtime}, ${dialect.installer}: no function has two meanings, of which bash would take the later`, () => {
      const twice = whole.flatMap((script) => {
        const defined = withNeeds(script, onHostText, dialect).flatMap((part) =>
          functionsOf(onHostText(part)).map((name) => ({ name, part })),
        );
        return defined
          .filter(({ name }, at) => defined.findIndex((d) => d.name === name) !== at)
          .filter(({ name, part }) => !isDoorOfPods(name, part))
          .map(({ name, part }) => `${script}: ${name} of ${part}`);
      });
      assert.deepEqual(twice, []);
    });
  }
});
