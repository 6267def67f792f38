import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { fleet } from "../../bench/fleet-topology";
import { planCommand } from "../../cli/plan";
import { chosenStack, chosenTopology, clustersIn, stackTopology } from "../../cli/topology-file";
import { withStackNames } from "../../plan/preview/stack-names";

describe("a topology in a file of its own", () => {
  const project = mkdtempSync(join(tmpdir(), "rke-dr-several-"));
  after(() => rmSync(project, { recursive: true }));
  const topology = (name: string, net: number) => stringify(fleet(5, "/dev/null", name, net));
  mkdirSync(join(project, "topologies"));
  writeFileSync(join(project, "topologies/web.yaml"), topology("web", 1));
  writeFileSync(join(project, "topologies/shop.yaml"), stringify({ topology: fleet(5, "/dev/null", "shop", 2) }));
  writeFileSync(join(project, "topologies/main.yaml"), topology("main", 3));
  writeFileSync(join(project, "Pulumi.yaml"), "name: rke-dr\nconfig: { topology: { value: topologies/main.yaml } }\n");
  for (const name of ["web", "shop"]) {
    const config = { "rke-dr:topology": `topologies/${name}.yaml`, "rke-dr:lost": "a", "rke-dr:epoch": "2" };
    writeFileSync(join(project, `Pulumi.${name}-failover.yaml`), stringify({ config }));
  }

  it("is named by the stack's file, or by Pulumi.yaml", () => {
    assert.equal(stackTopology(project, "web-failover").cluster, "web");
    assert.equal(stackTopology(project, "organization/rke-dr/shop-failover").cluster, "shop");
    assert.equal(stackTopology(project, "failover").cluster, "main");
  });

  it("is chosen by --cluster", () => {
    assert.deepEqual(clustersIn(project, "failover"), ["shop", "web"]);
    assert.equal(chosenTopology({ project, cluster: "web" }, "failover").cluster, "web");
    assert.equal(chosenStack({ project }, "primary"), "primary");
    assert.throws(() => chosenTopology({ project, cluster: "blog" }, "failover"), {
      message: '--cluster: Pulumi.NAME-failover.yaml must be there; of these clusters it is: shop, web: "blog"',
    });
    assert.throws(
      () => chosenTopology({ project, cluster: "web" }, "primary"),
      /of these clusters it is: none has a file: "web"$/,
    );
    assert.throws(
      () => chosenTopology({ project, cluster: "web", topology: "x" }, "failover"),
      /--cluster: doesn't go with --topology/,
    );
  });

  it("has its own act to sign, whose command names its stack", async () => {
    const [web, shop] = await Promise.all(
      ["web", "shop"].map((cluster) => planCommand(["--project", project, "--cluster", cluster, "--unseen"])),
    );
    assert.deepEqual([web?.status, web?.stderr], [0, ""]);
    const hash = (text = "") => /Hash, of the topology alone: ([0-9a-f]{32})/.exec(text)?.[1];
    assert.notEqual(hash(web?.stdout), undefined);
    assert.notEqual(hash(web?.stdout), hash(shop?.stdout));
  });
});

describe("the stacks that guards name", () => {
  const words = "`pulumi config set epoch 2 --stack failover`, then `pulumi up --stack primary`; --stack failovers";
  it("are those of the cluster whose stack runs", () => {
    const named =
      "`pulumi config set epoch 2 --stack web-failover`, then `pulumi up --stack web-primary`; --stack failovers";
    assert.equal(withStackNames(words, "web-failover"), named);
    assert.equal(withStackNames(words, "web-primary"), named);
  });
  it("are those of the only cluster as they stand", () => {
    assert.equal(withStackNames(words, "failover"), words);
    assert.equal(withStackNames(words, "my-stack"), words);
  });
});
