import assert from "node:assert/strict";
import { parsePreflight } from "../../../plan/facts/preflight";

const none = () => ({ certificates: [], unreadableCertificates: [] });
const parse = (sections: Record<string, string>) => parsePreflight("master3", new Map(Object.entries(sections)), none);
const id = (digit: string) => digit.repeat(64);

describe("facts for guards", () => {
  it("an image is known by name, digest and ID", () => {
    assert.deepEqual(parse({ images: `rancher/rke-tools:v0.1.72 rancher/rke-tools@<none> sha256:88\n` }).images, [
      "rancher/rke-tools:v0.1.72",
      "rancher/rke-tools@<none>",
      "sha256:88",
    ]);
  });

  const created = "2026-11-21 16:51:00 +0000 UTC";
  const sandbox = `${id("a")}|podsandbox||${created}|k8s_POD_web_default_uid_0`;
  for (const [what, pods, orphans] of [
    [
      "a container with its sandbox",
      [sandbox, `${id("b")}|container|${id("a")}|${created}|k8s_c_web_default_uid_0`],
      [],
    ],
    ["a container that isn't the kubelet's", [`${id("b")}|||${created}|etcd`], []],
    [
      "a container without its sandbox",
      [sandbox, `${id("b")}|container|${id("c")}|${created}|k8s_c_web_default_uid_0`],
      [{ id: "b".repeat(12), name: "k8s_c_web_default_uid_0", sandbox: "c".repeat(12) }],
    ],
  ] as const) {
    it(what, () => assert.deepEqual(parse({ pods: pods.join("\n") }).orphans, orphans));
  }

  it("a sandbox made the sixth time is told with its age, in the host's zone", () => {
    const pods = [`${id("a")}|podsandbox||2026-11-21 18:51:00 +0200 CEST|k8s_POD_web_default_uid_5`, sandbox].join(
      "\n",
    );
    assert.deepEqual(parse({ pods }).restartedSandboxes, [
      { pod: "default/web", attempt: 5, createdAt: Date.parse("2026-11-21T16:51:00Z") },
    ]);
  });

  for (const [text, database] of [
    [undefined, undefined],
    ["", undefined],
    ["sound\n", "sound"],
    ["unreadable panic: page 3\n", { unreadable: "panic: page 3" }],
  ] as const) {
    it(`the database is ${JSON.stringify(database)} where the host says ${JSON.stringify(text)}`, () => {
      assert.deepEqual(parse(text === undefined ? {} : { data: text }).database, database);
    });
  }

  it("a failure that a power cut left half-written is no obstacle", () => {
    const whole = { step: "rke-up", exit: 1 };
    assert.deepEqual(parse({ failures: `${JSON.stringify(whole)}\n{"step":"etc` }).failures, [
      { ...whole, host: "master3" },
    ]);
  });
});
