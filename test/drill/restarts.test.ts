import { deepEqual } from "node:assert/strict";
import { startedWithin } from "../../drill/restarts";

describe("drill: restarts by rke up", () => {
  const rkeUp = { startedAt: "2026-11-29T08:43:40.100Z", seconds: 9.1 };
  const cases: [what: string, startedAt: Record<string, string>, restarted: string[]][] = [
    ["none if both run since before", { etcd: "2026-11-29T08:43:37.9Z", "kube-apiserver": "2026-11-29T08:43:38Z" }, []],
    [
      "one that docker restarted meanwhile",
      { etcd: "2026-11-29T08:43:37.9Z", "kube-apiserver": "2026-11-29T08:43:45.123456789Z" },
      ["kube-apiserver"],
    ],
    ["none of those that start later", { "kube-apiserver": "2026-11-29T08:43:49.3Z" }, []],
  ];
  for (const [what, startedAt, restarted] of cases) {
    it(`finds ${what}`, () => deepEqual(startedWithin(startedAt, rkeUp), restarted));
  }
});
