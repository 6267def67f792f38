import assert from "node:assert/strict";
import { AXES, INSTALLERS } from "../../campaign/draw/axes";
import { valuesOf } from "../../campaign/draw/draw";
import { disturbanceOf, momentOf, type Scene } from "../../campaign/run/moments";
import type { Result } from "../../lab/machine/run";

const result = (stdout: string): Result => ({ code: 0, stdout, stderr: "" });
const sides = { survivor: { name: "cp3" }, lostVoters: ["cp1", "cp2"] } as unknown as Scene["sides"];
const dialects = {
  rke: { runtime: "docker", installer: "rke" },
  kubeadm: { runtime: "static-pod", installer: "kubeadm" },
} as const;
const drawn = (axis: string, installer: (typeof INSTALLERS)[number]): string[] =>
  AXES.filter(({ name }) => name === axis).flatMap((one) => valuesOf(one, installer).map(({ name }) => name));

describe("a run of the campaign", () => {
  for (const installer of INSTALLERS) {
    const cluster = { dialect: dialects[installer], etcdctl: async () => result("") };

    it(`knows every moment that is drawn for ${installer}`, () => {
      for (const axis of ["moment of the act", "moment of the failback"])
        for (const name of drawn(axis, installer).filter((one) => one !== "none"))
          assert.ok(["cp1", "cp3"].includes(momentOf(name, 2, sides, cluster).host), name);
      assert.throws(() => momentOf("noon", 2, sides, cluster), /^Error: moment: no such value: "noon"$/);
    });

    it(`knows all that is drawn for ${installer} to go wrong in an act`, () => {
      const scene = { sides } as unknown as Scene;
      for (const axis of ["during the act", "during the failback"])
        for (const value of drawn(axis, installer))
          assert.equal(
            typeof disturbanceOf({ ...scene, value }, () => Promise.reject()),
            value === "nothing" ? "undefined" : "function",
          );
      assert.throws(() => disturbanceOf({ ...scene, value: "rain" }, () => Promise.reject()), /no such value: "rain"/);
    });
  }

  it("sees a learner by etcd's own list of members, and none where the list can't be had", async () => {
    const members = "1, started, cp3, https://c:2380, https://c:2379, false\n2, unstarted, , https://a:2380, , ";
    const seen = async (answer: Result) => {
      const cluster = { dialect: dialects.kubeadm, etcdctl: async () => answer };
      return momentOf("learner-added", 3, sides, cluster).look({ execOn: () => Promise.reject() });
    };
    assert.equal(await seen(result(`${members}true\n`)), true);
    assert.equal(await seen(result(`${members}false\n`)), false);
    assert.equal(await seen({ ...result(`${members}true\n`), code: 1 }), false);
  });

  it("asks a kubelet's host for a manifest, and docker for a container", async () => {
    const asked = async (installer: (typeof INSTALLERS)[number]) => {
      let script = "";
      const execOn = async (_host: string, argv: readonly string[]) => {
        script = argv.at(-1) ?? "";
        return result("");
      };
      await momentOf("etcd-set-aside", 2, sides, {
        dialect: dialects[installer],
        etcdctl: async () => result(""),
      }).look({ execOn });
      assert.match(script, /\nprocess_present etcd-before-epoch-2$/);
      return script;
    };
    assert.match(await asked("rke"), /process_present\(\) \{ docker inspect/);
    assert.match(await asked("kubeadm"), /pods_aside=\/var\/lib\/rke-dr\/pods/);
  });
});
