import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseClusterFile } from "../../../stand-ins/rke/cluster-file";
import { listsOf } from "../../../stand-ins/rke/hosts";
import { upFile } from "../../rke-golden";
import { FakeWorld } from "./fake-world";
import { assertSame, DATACENTER_A, HOSTS, run, Scene, sceneAfter, yml } from "./scene";
import { messagesOf } from "./transcript";

describe("the stand-in says and touches what RKE did", function () {
  this.timeout(120_000);
  let scene: Scene;
  before(() => {
    scene = new Scene();
  });
  after(() => scene.end());

  describe("five nodes, A lost, etcd forced into a new cluster", () => {
    it("01: five nodes up", async () => {
      scene.world.members = ["etcd-master1", "etcd-master2", "etcd-master3"];
      assertSame((await scene.rke(yml("01-full"))).messages, upFile("01-rke-up-five-nodes.txt"));
    });

    it("03: again, nothing touched", async () => {
      const { messages, touched } = await scene.rke(yml("01-full"));
      assertSame(messages, upFile("03-rke-up-rerun-healthy.txt"));
      assert.deepEqual(touched, []);
    });

    it("07: only master1 taken out: fails after the etcd plane", async () => {
      scene.powerOff(DATACENTER_A);
      scene.world.members = ["etcd-master3"];
      scene.recreate(yml("07-2b"), "master3", "etcd", (args) => [...args, "--force-new-cluster"]);
      const { messages, touched } = await scene.rke(yml("07-2b"));
      assertSame(messages, upFile("07-rke-up-only-master1-removed.txt"));
      const wanted = ["kube-apiserver", "kube-controller-manager", "etcd", "etcd"].map((name) => `master3/${name}`);
      assert.deepEqual(touched, wanted);
    });

    it("08: all lost hosts taken out", async () => {
      const { messages, touched } = await scene.rke(yml("08-2c"));
      assertSame(messages, upFile("08-rke-up-all-lost-removed.txt"));
      const control = ["kube-apiserver", "kube-controller-manager", "etcd", "kube-apiserver"];
      assert.deepEqual(touched, [...control.map((name) => `master3/${name}`), "node2/nginx-proxy"]);
    });

    it("09: again, nothing touched", async () => {
      const { messages, touched } = await scene.rke(yml("08-2c"));
      assertSame(messages, upFile("09-rke-up-rerun.txt"));
      assert.deepEqual(touched, []);
    });
  });

  describe("prepared as the program does it", () => {
    let prepared: Scene;
    before(async () => {
      prepared = await sceneAfter(yml("30-primary"));
    });
    after(() => prepared.end());

    it("30: a failover's run replaces the workers' nginx-proxy alone", async () => {
      prepared.loseA(yml("30-failover"));
      const { messages, touched } = await prepared.rke(yml("30-failover"));
      assertSame(messages, upFile("30-rke-up-no-op-after-failover.txt"));
      assert.deepEqual(touched, ["node2/nginx-proxy"]);
    });

    it("34: failback with all hosts back in the current state", async () => {
      const { world } = prepared;
      for (const host of DATACENTER_A) {
        world.host(host).on = true;
        world.register(world.host(host));
      }
      world.members = ["etcd-master1", "etcd-master2", "etcd-master3"];
      const primary = parseClusterFile(yml("30-primary"), true);
      for (const host of listsOf(primary.nodes).etcd) {
        for (const service of ["etcd", "kube-apiserver"]) prepared.recreate(yml("30-primary"), host.name, service);
      }
      prepared.editState(({ currentState }) => {
        if (currentState.rkeConfig) currentState.rkeConfig.nodes = primary.nodes;
      });
      const first = await prepared.rke(yml("30-primary"));
      assert.deepEqual(first.touched, ["node2/nginx-proxy"]);
      assert.equal(world.nodes.get("master1")?.metadata.labels?.["node-role.kubernetes.io/etcd"], "true");
      const existing = (args: string[]) =>
        args.map((arg) => arg.replace("cluster-state=new", "cluster-state=existing"));
      prepared.recreate(yml("30-primary"), "master2", "etcd", existing);
      const second = await prepared.rke(yml("30-primary"));
      assertSame(second.messages, run("34-failback-complete.txt", /full output/));
      assert.deepEqual(second.touched, ["master2/etcd"]);
    });
  });

  describe("custom certificates", () => {
    let custom: Scene;
    let folder: string;
    before(async () => {
      const donor = await sceneAfter(yml("30-primary"));
      custom = new Scene();
      folder = join(custom.folder, "certs");
      mkdirSync(folder);
      for (const [name, entry] of Object.entries(donor.state().desiredState.certificatesBundle ?? {})) {
        writeFileSync(join(folder, `${name}.pem`), entry.certificatePEM);
        writeFileSync(join(folder, `${name}-key.pem`), entry.keyPEM);
      }
      donor.end();
    });
    after(() => custom.end());

    it("31: the first time, again without the flag, again with it", async () => {
      const file = "31-rke-up-custom-certs.txt";
      const first = await custom.rke(yml("30-primary"), true, folder);
      assertSame(first.messages, run(file, /^## rke up --custom-certs/, /^## rke up again/));
      const without = await custom.rke(yml("30-primary"));
      assertSame(without.messages, run(file, /^## rke up again, without/, /^## rke up again, with the/));
      const again = await custom.rke(yml("30-primary"), true, folder);
      assertSame(again.messages, run(file, /^## rke up again, with the/));
      assert.deepEqual([...without.touched, ...again.touched], []);
    });

    it("32: a failover's run", async () => {
      custom.loseA(yml("30-failover"));
      const { messages, touched } = await custom.rke(yml("30-failover"));
      assertSame(
        messages,
        run("32-no-op-with-custom-certs.txt", /^## rke up without --custom-certs/, /^## containers after/),
      );
      assert.deepEqual(touched, ["node2/nginx-proxy"]);
    });
  });

  describe("the current state edited", () => {
    const scenes: Scene[] = [];
    const fresh = async (cluster: string) => {
      const scene = await sceneAfter(cluster);
      scenes.push(scene);
      return scene;
    };
    after(() => {
      for (const each of scenes) each.end();
    });

    const otherOrder = "authentication: {strategy: x509, sans: [192.168.31.101, master1, 192.168.31.102, master2]}\n";
    for (const [file, failover] of [
      ["28-rke-up-lost-hosts-dropped-from-currentState.txt", yml("08-2c")],
      ["29-rke-up-sans-kept-but-order-differs.txt", yml("08-2c") + otherOrder],
    ] as const) {
      it(`${file.slice(0, 2)}: other names, or another order of them: certificates forced, services restarted`, async () => {
        const edited = await fresh(yml("01-full"));
        edited.loseA(failover, ["etcd"]);
        const { messages, touched } = await edited.rke(failover);
        assertSame(messages, upFile(file));
        const restarted = ["kube-apiserver", "kube-controller-manager", "etcd", "kube-apiserver"].map(
          (name) => `master3/${name}`,
        );
        assert.deepEqual(touched, [...restarted, "node2/nginx-proxy"]);
      });
    }

    it("35: a learner's host that the state says always was an etcd host", async () => {
      const edited = await fresh(yml("35-primary"));
      edited.loseA(yml("35-failover"));
      edited.editState(({ currentState }) => {
        for (const node of currentState.rkeConfig?.nodes ?? []) {
          if (node.hostnameOverride === "master3") node.role.push("etcd");
        }
      });
      const { messages, touched } = await edited.rke(yml("35-failover"));
      assertSame(messages, run("35-learner-becomes-rke-managed-no-op.txt", /full output of the last/));
      assert.deepEqual(touched, ["node2/nginx-proxy"]);
    });

    it("27: no state, a kubeconfig of another time: aborts", async () => {
      const lost = await fresh(yml("01-full"));
      rmSync(join(lost.folder, "cluster.rkestate"));
      lost.world = new FakeWorld(HOSTS);
      const { messages, touched } = await lost.rke(yml("01-full"));
      const golden = messagesOf(upFile("27-rke-up-without-rkestate-stale-kubeconfig.txt"));
      assert.equal(messages.at(-1), golden.at(-1));
      assert.deepEqual(
        touched.filter((name) => !name.endsWith("cert-fetcher")),
        [],
      );
    });
  });

  describe("RKE refuses", () => {
    let moved: Scene;
    let afterFirst: string;
    const statePath = () => join(moved.folder, "cluster.rkestate");
    before(async () => {
      moved = await sceneAfter(yml("16-voters-in-A"));
      afterFirst = readFileSync(statePath(), "utf8");
      moved.powerOff(DATACENTER_A);
    });
    beforeEach(() => writeFileSync(statePath(), afterFirst));
    after(() => moved.end());

    for (const [file, cluster, what] of [
      ["19-rke-up-etcd-moved-to-master3.txt", "19-6b", "etcd on another host than all of the state's"],
      ["20-rke-up-external-urls-same-state.txt", "20-6c-external", "external etcd while the state knows etcd hosts"],
    ] as const) {
      it(`${file.slice(0, 2)}: ${what}`, async () => {
        const { messages, touched } = await moved.rke(yml(cluster));
        assertSame(messages, upFile(file));
        assert.deepEqual(touched, []);
      });
    }

    for (const [file, cluster] of [
      ["21-rke-up-currentState-dropped.txt", "19-6b"],
      ["22-rke-up-external-urls-currentState-dropped.txt", "20-6c-external"],
    ] as const) {
      it(`${file.slice(0, 2)}: but not with an emptied current state`, async () => {
        const old = (args: string[]) => args.map((arg) => arg.replace("cluster-state=new", "cluster-state=existing"));
        if (cluster === "19-6b") moved.recreate(yml(cluster), "master3", "etcd", old);
        moved.editState((state) => {
          state.currentState = {};
        });
        assertSame((await moved.rke(yml(cluster))).messages, upFile(file));
      });
    }

    it("no etcd host that can be reached", async () => {
      const { messages } = await moved.rke(yml("16-voters-in-A"));
      assert.match(messages.at(-1) ?? "", /^Cluster must have at least one etcd plane host: failed to connect/);
    });
  });
});
