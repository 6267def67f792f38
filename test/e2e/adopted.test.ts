import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Workspace } from "../../lab/project";
import { run } from "../../lab/run";
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

onRequest("adopted", "docs/quickstart.md: a cluster that RKE built without this program", function () {
  this.timeout(600_000);
  const world = new World();
  const home = mkdtempSync(join(tmpdir(), "rke-dr-adopted-"));
  let workspace: Workspace;
  let before_: string;

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

  /** The document's commands, typed by the operator in the project's folder. */
  async function type(chapter: number): Promise<string> {
    const { env } = await world.lab.pulumiCommand([], workspace);
    const { pulumi } = await world.lab.engine();
    const { PULUMI_BACKEND_URL: _, PULUMI_CONFIG_PASSPHRASE_FILE: __, ...rest } = env;
    const typed = await world.lab.inOperator(
      [
        "bash",
        "-euc",
        `export PULUMI_BACKEND_URL=file://$HOME/rke-dr-backend PULUMI_CONFIG_PASSPHRASE=...\n${commands(chapter)}`,
      ],
      {
        cwd: workspace.project,
        env: { ...rest, HOME: home, PATH: `${dirname(pulumi)}:${rest.PATH}` },
      },
    );
    const all = typed.stdout + typed.stderr;
    world.printed += all;
    assert.equal(typed.code, 0, all);
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
    const built = await world.lab.execOn("master1", ["bash", "-c", "cd ~/rke && rke up --ignore-docker-version"]);
    assert.match(built.stdout, /Finished building Kubernetes cluster successfully/, built.stdout + built.stderr);
    mkdirSync(join(home, "rke"));
    for (const name of ["cluster.yml", "cluster.rkestate"]) {
      writeFileSync(join(home, "rke", name), (await world.lab.execOn("master1", ["cat", `/root/rke/${name}`])).stdout);
    }
    mkdirSync(join(home, ".ssh"));
    cpSync(world.lab.operatorKeyPath, join(home, ".ssh/id_ed25519"));
    workspace = { ...(await world.lab.newClone("adopting")), backend: join(home, "rke-dr-backend") };
    symlinkSync(join(home, "rke-dr-backend"), join(home, "unused"));
    before_ = await containers();
    assert.ok(before_.split("\n").length > 25, before_);
  });
  after(async () => {
    await world.lab.down();
    await run(["rm", "-rf", home]);
  });

  it("its commands lead to a first preview of a failover", async () => {
    await type(2);
    const taken = await type(3);
    assert.match(taken, /the cluster meant/);
    const preview = await type(4);
    assert.match(preview, /lost side is silent[\s\S]*master1/);
  });

  it("and no container was restarted, nor made", async () => {
    assert.equal(await containers(), before_);
  });
});
