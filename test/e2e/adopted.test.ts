import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { run, until } from "../../lab/machine/run";
import type { Workspace } from "../../lab/operator/project";
import { onRequest } from "./on-request";
import { World } from "./world";

/** cluster.yml as an operator of RKE wrote it, years ago: no word of datacenters, a's hosts first. */
const clusterYml = `cluster_name: lab
kubernetes_version: v1.20.5-rancher1-1
ssh_key_path: ~/.ssh/id_ed25519
nodes:
${[
  ["master1", 101, "controlplane,etcd,worker"],
  ["master2", 102, "controlplane,etcd,worker"],
  ["master3", 103, "controlplane,etcd,worker"],
  ["node1", 104, "worker"],
  ["node2", 105, "worker"],
]
  .map(
    ([name, last, roles]) =>
      `- {address: 192.168.31.${last}, hostname_override: ${name}, user: root, role: [${roles}]}`,
  )
  .join("\n")}
services: {etcd: {snapshot: false}}
network: {plugin: none}
ingress: {provider: none}
dns: {provider: none}
monitoring: {provider: none}
`;

/** A chapter of docs/quickstart.md: its commands as they stand there, but for questions that nobody here answers. */
function commands(chapter: number): string {
  const text = readFileSync(join(__dirname, "../../docs/quickstart.md"), "utf8");
  const [, part = ""] = text.split(new RegExp(`^\\*\\*${chapter}\\. `, "m"));
  const block = /```sh\n([\s\S]*?)```/.exec(part.split(/^\*\*\d\. /m)[0] ?? "");
  assert.ok(block?.[1], `docs/quickstart.md has no commands in chapter ${chapter}`);
  return block[1].replace(/pulumi up /g, "pulumi up --yes --skip-preview ");
}

onRequest(
  "adopted",
  "docs/quickstart.md: a cluster that RKE built without this program is taken over, fails over and comes back",
  function () {
    this.timeout(600_000);
    const world = new World();
    const home = mkdtempSync(join(tmpdir(), "rke-dr-adopted-"));
    let workspace: Workspace;
    let built: string;

    /** Every container of every host, with its process's start. */
    const containers = async () =>
      (
        await Promise.all(
          world.lab
            .hosts()
            .map(({ name }) =>
              world.on(
                name,
                `docker ps -aq | xargs docker inspect --format '${name} {{.Id}} {{.Name}} {{.State.Pid}} {{.State.StartedAt}} {{.RestartCount}}' | sort`,
              ),
            ),
        )
      ).join("\n");

    /** Runs a command as the operator types it in the project's folder. */
    async function type(commands: string): Promise<{ code: number; all: string }> {
      const { env } = await world.lab.pulumiCommand([], await world.lab.project());
      const { pulumi } = await world.lab.engine();
      const { PULUMI_BACKEND_URL: _, PULUMI_CONFIG_PASSPHRASE_FILE: __, ...rest } = env;
      const exported = "export PULUMI_BACKEND_URL=file://$HOME/rke-dr-backend PULUMI_CONFIG_PASSPHRASE=...";
      const typed = await world.lab.inOperator(["bash", "-euc", `${exported}\n${commands}`], {
        cwd: workspace.project,
        env: { ...rest, HOME: home, PATH: `${dirname(pulumi)}:${rest.PATH}` },
      });
      const all = typed.stdout + typed.stderr;
      world.printed += all;
      return { code: typed.code, all };
    }

    /** A chapter's commands, all of which must succeed. */
    async function follow(chapter: number): Promise<string> {
      const { code, all } = await type(commands(chapter));
      assert.equal(code, 0, all);
      return all;
    }

    before(async function () {
      this.timeout(1_800_000);
      await world.lab.up();
      const key = readFileSync(world.lab.operatorKeyPath, "utf8");
      await world.lab.execOn("master1", ["bash", "-c", "umask 077; mkdir -p ~/.ssh ~/rke; cat >~/.ssh/id_ed25519"], {
        input: key,
      });
      await world.lab.execOn("master1", ["bash", "-c", "cat >~/rke/cluster.yml"], { input: clusterYml });
      const rke = await world.lab.execOn("master1", ["bash", "-c", "cd ~/rke && rke up --ignore-docker-version"]);
      assert.match(rke.stdout, /Finished building Kubernetes cluster successfully/, rke.stdout + rke.stderr);
      mkdirSync(join(home, "rke"));
      for (const name of ["cluster.yml", "cluster.rkestate"]) {
        writeFileSync(
          join(home, "rke", name),
          (await world.lab.execOn("master1", ["cat", `/root/rke/${name}`])).stdout,
        );
      }
      mkdirSync(join(home, ".ssh"));
      cpSync(world.lab.operatorKeyPath, join(home, ".ssh/id_ed25519"));
      workspace = { ...(await world.lab.newClone("adopting")), backend: join(home, "rke-dr-backend") };
      built = await containers();
      assert.ok(built.split("\n").length > 25, built);
    });
    after(async () => {
      await world.lab.down();
      await run(["rm", "-rf", home]);
    });

    it("the commands of the documentation lead to a first preview of a failover", async () => {
      await follow(2);
      const preview = await follow(3);
      assert.match(preview, /ok +the cluster meant/);
      assert.match(await follow(4), /STOP +lost side is silent: .*master1/);
    });

    it("adopting the cluster restarts none of its containers, and adds those of the return guard", async () => {
      const found = (await containers()).split("\n");
      const isGuard = (line: string) => line.includes(" /rke-dr-guard ");
      assert.equal(found.filter((line) => !isGuard(line)).join("\n"), built);
      assert.deepEqual(
        found.filter(isGuard).map((line) => line.split(" ")[0]),
        ["master1", "master2", "master3"],
      );
    });

    it("a second up of the adopted cluster finds nothing to do", async () => {
      const { code, all } = await type("pulumi up --yes --expect-no-changes --stack primary");
      assert.equal(code, 0, all);
    });

    it("a failover recovers the adopted cluster after datacenter a is lost", async () => {
      await world.wrote("before-the-loss");
      await world.lab.powerOff("a");
      const { code, all } = await type(
        "pulumi config set confirm a@2 --stack failover\npulumi config set attest powered-off@a@2 --stack failover\npulumi up --yes --skip-preview --stack failover",
      );
      assert.equal(code, 0, all);
      assert.equal(await world.on("master3", "docker exec etcd etcdctl member list | wc -l"), "1");
      const servers = await world.on(
        "master3",
        "docker inspect kube-apiserver | grep -o 'etcd-servers=[^\"]*' | sort -u",
      );
      assert.equal(servers, "etcd-servers=https://192.168.31.103:2379");
    });

    it("a failback of the adopted cluster asks for its confirmation and nothing else", async () => {
      await world.lab.powerOn("a");
      await Promise.all(
        ["master1", "master2"].map((host) =>
          until(`${host}: quarantine`, 120, () => world.holds(host, "[[ -s /var/lib/rke-dr/quarantine ]]")),
        ),
      );
      const { code, all } = await type("pulumi config set epoch 3 --stack primary\npulumi preview --stack primary");
      assert.equal(code, 0, all);
      assert.match(all, /Guards: 1 stop/, all);
      assert.match(all, /STOP +confirmation: rke-dr:confirm: must be "primary@3"/);
    });

    it("a failback brings the adopted cluster's lost hosts back with the certificates that RKE had made", async () => {
      const certificates = (host: string) =>
        world.on(host, "cd /etc/kubernetes/ssl && sha256sum kube-ca.pem kube-node.pem kube-etcd-*.pem | sort");
      const [before1, before2] = [await certificates("master1"), await certificates("master2")];
      const { code, all } = await type(
        "pulumi config set confirm primary@3 --stack primary\npulumi up --yes --skip-preview --stack primary",
      );
      assert.equal(code, 0, all);
      assert.deepEqual([await certificates("master1"), await certificates("master2")], [before1, before2]);
      const members = await world.on(
        "master3",
        "docker exec etcd etcdctl member list | cut -d, -f2,3,6 | sort -t, -k2",
      );
      assert.equal(
        members,
        ["master1", "master2", "master3"].map((name) => ` started, etcd-${name}, false`).join("\n"),
      );
      for (const host of ["master1", "master2", "master3"]) {
        const servers = await world.on(host, "docker inspect kube-apiserver | grep -o 'etcd-servers=[^\"]*' | sort -u");
        // RKE lists each host's own etcd first
        assert.deepEqual(servers.replace("etcd-servers=", "").split(",").sort(), [
          "https://192.168.31.101:2379",
          "https://192.168.31.102:2379",
          "https://192.168.31.103:2379",
        ]);
      }
      const nodes = (await world.lab.kubectl(["get", "nodes", "--no-headers"])).stdout.trim().split("\n");
      assert.deepEqual(
        nodes.map((line) => line.split(/ +/).slice(0, 3)),
        ["master1", "master2", "master3", "node1", "node2"].map((name) => [
          name,
          "Ready",
          name.startsWith("master") ? "controlplane,etcd,worker" : "worker",
        ]),
      );
      await world.kept("before-the-loss");
    });

    it("a second up after the failback finds nothing to do", async () => {
      const { code, all } = await type("pulumi up --yes --expect-no-changes --stack primary");
      assert.equal(code, 0, all);
      assert.doesNotMatch(world.printed, /PRIVATE KEY/);
    });
  },
);
