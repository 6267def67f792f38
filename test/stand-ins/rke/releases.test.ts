import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeCluster } from "../../../stand-ins/rke/cluster";
import { parseClusterFile } from "../../../stand-ins/rke/cluster-file";
import type { HttpAnswer } from "../../../stand-ins/rke/io/world";
import { makeLog } from "../../../stand-ins/rke/log";
import { standFor } from "../../../stand-ins/rke/releases";
import { saveStateToKubernetes } from "../../../stand-ins/rke/run/authz";
import { addMember, isMember, removeMember } from "../../../stand-ins/rke/run/etcd-members";
import type { Run } from "../../../stand-ins/rke/run/run";
import { FakeWorld } from "./fake-world";
import { HOSTS, sceneAfter, yml } from "./scene";

/** cluster.yml of five hosts, for another version of Kubernetes. */
const five = (kubernetes: string) =>
  yml("01-full").replace(/^kubernetes_version: .*$/m, `kubernetes_version: ${kubernetes}`);

/** A run of five hosts, whose etcd and API answer by `answers`; the requests stand in `asked`. */
function runOf(kubernetes: string, answers: (method: string, path: string) => HttpAnswer) {
  const asked: string[] = [];
  const world = new FakeWorld(HOSTS);
  const cluster = makeCluster(parseClusterFile(five(kubernetes), true), "cluster.yml");
  const request = (method: string, path: string, body?: unknown) => {
    asked.push(`${method} ${path} ${typeof body === "string" ? body : ""}`.trim());
    return answers(method, path);
  };
  for (const host of cluster.etcd) {
    const fetch = async (method: string, url: string, _client: unknown, body?: string) =>
      request(method, new URL(url).pathname, body);
    host.link = { ...world.link(host.node), fetch };
  }
  const kube = { request: async (method: string, path: string) => request(method, path) };
  const run: Run = { world: Object.assign(world, { kube: () => kube }), log: makeLog(() => {}), cluster };
  return { run, asked };
}

const client = { cert: "", key: "" };
const answer = (status: number, body: unknown = {}): HttpAnswer => ({ status, body: JSON.stringify(body) });

describe("the stand-in follows RKE's releases", () => {
  afterEach(() => standFor());

  it("refuses a release that isn't recorded", () =>
    throws(() => standFor("v1.5.99"), /^Error: the stand-in does not model: RKE v1\.5\.99 \(recorded: v1\.2\.0, /));

  it("refuses a version of Kubernetes that isn't recorded, or too old", () => {
    for (const version of ["v1.99.0-rancher1-1", "v1.19.7-rancher1-1"])
      throws(() => parseClusterFile(five(version), true), /kubernetes_version: a version that isn't recorded/);
  });

  const saved: [rke: string, requests: string[]][] = [
    ["v1.4.18", ["GET configmaps", "POST configmaps"]],
    ["v1.4.19", ["GET secrets", "POST secrets", "DELETE configmaps"]],
    ["v1.5.9", ["GET configmaps", "POST configmaps"]],
    ["v1.5.10", ["GET secrets", "POST secrets", "DELETE configmaps"]],
    ["v1.6.3", ["GET secrets", "POST secrets", "DELETE configmaps"]],
  ];
  for (const [rke, requests] of saved) {
    it(`${rke} saves its state by ${requests.join(", ")}`, async () => {
      standFor(rke);
      const { run, asked } = runOf("v1.20.5-rancher1-1", (method) => answer(method === "POST" ? 201 : 404));
      await saveStateToKubernetes(run, { desiredState: {}, currentState: {} });
      deepEqual(
        asked.map((line) => line.replace(/\/api\/v1\/namespaces\/kube-system\/(\w+).*/, "$1")),
        requests,
      );
    });
  }

  const members = {
    members: [
      { ID: "7", name: "etcd-master1", peerURLs: ["https://192.168.31.101:2380"] },
      { ID: "8", peerURLs: ["https://192.168.31.102:2380"] },
    ],
  };
  it("v1.4.22 asks for members by the v3 API from Kubernetes 1.22 on", async () => {
    standFor("v1.4.22");
    const { run, asked } = runOf("v1.27.16-rancher1-1", (_method, path) =>
      path === "/health" ? answer(200, { health: "true" }) : answer(200, members),
    );
    const [first, second, third] = ["master1", "master2", "master3"].map((name) => {
      const found = run.cluster.etcd.find((host) => host.name === name);
      ok(found);
      return found;
    });
    ok(first && second && third);
    equal(await isMember(run, second, client), true);
    equal(await isMember(run, third, client), false);
    await addMember(run, third, client);
    await removeMember(run, first, client);
    const call = (name: string, body: string) => `POST /v3/cluster/member/${name} ${body}`;
    deepEqual(asked, [
      call("list", "{}"),
      call("list", "{}"),
      call("add", '{"peerURLs":["https://192.168.31.103:2380"]}'),
      call("list", "{}"),
      call("remove", '{"ID":"7"}'),
      "GET /health",
    ]);
  });

  it("v1.4.22 asks by the v2 API with Kubernetes 1.20", async () => {
    standFor("v1.4.22");
    const { run, asked } = runOf("v1.20.15-rancher2-2", () => answer(200, { members: [] }));
    const [first] = run.cluster.etcd;
    ok(first);
    await isMember(run, first, client);
    deepEqual(asked, ["GET /v2/members"]);
  });
});

describe("the stand-in restarts kube-apiserver where RKE's checksums leak", () => {
  afterEach(() => standFor());
  const releases: [rke: string, kubernetes: string, leaks: boolean][] = [
    ["v1.3.24", "v1.24.17-rancher1-1", false],
    ["v1.4.22", "v1.27.16-rancher1-1", true],
    ["v1.5.8", "v1.28.8-rancher1-1", true],
    ["v1.5.14", "v1.28.14-rancher1-1", false],
  ];
  for (const [rke, kubernetes, leaks] of releases) {
    it(`${rke}: a second run ${leaks ? "does, unless the copies are as many as etcd hosts" : "never does"}`, async () => {
      standFor(rke);
      const scene = await sceneAfter(five(kubernetes));
      try {
        const again = await scene.rke(five(kubernetes));
        deepEqual(again.touched, leaks ? ["master1/kube-apiserver"] : []);
        const state = scene.state();
        const service = state.currentState.rkeConfig?.services.kubeApi;
        ok(service?.extraEnv?.length);
        service.extraEnv = service.extraEnv.slice(0, 3);
        writeFileSync(join(scene.folder, "cluster.rkestate"), JSON.stringify(state));
        const prepared = await scene.rke(five(kubernetes));
        deepEqual(prepared.touched, []);
      } finally {
        scene.end();
      }
    });
  }
});
