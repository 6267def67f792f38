import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { until } from "../../lab/machine/run";
import type { Workspace } from "../../lab/operator/project";
import type { LostReport } from "../../plan/acts/lost/report";
import { onRequest } from "./on-request";
import { World } from "./world";

const root = join(__dirname, "../..");

const definition = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: wells.test.rke-dr}
spec:
  group: test.rke-dr
  scope: Namespaced
  names: {kind: Well, plural: wells, singular: well}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
`;
const well = (depth: number) => `apiVersion: test.rke-dr/v1
kind: Well
metadata: {name: deep, namespace: default}
depth: ${depth}
`;
const deployment = `apiVersion: apps/v1
kind: Deployment
metadata: {name: late, namespace: shop}
spec:
  replicas: 1
  selector: {matchLabels: {app: late}}
  template:
    metadata: {labels: {app: late}}
    spec: {containers: [{name: c, image: "none:1", resources: {limits: {cpu: 100m}}}]}
`;
const service = `apiVersion: v1
kind: Service
metadata: {name: late, namespace: shop}
spec: {selector: {app: late}, ports: [{port: 80, targetPort: http}]}
`;

onRequest("lost", "what a failover cost, by name", function () {
  this.timeout(480_000);
  const world = new World();
  const folder = mkdtempSync(join(tmpdir(), "rke-dr-lost-"));
  let clone: Workspace;

  const kubectl = async (...args: string[]) => {
    const done = await world.lab.kubectl(args);
    assert.equal(done.code, 0, `kubectl ${args.join(" ")}: ${done.stderr}`);
    return done.stdout;
  };
  async function apply(text: string): Promise<void> {
    const file = join(folder, "apply.yaml");
    writeFileSync(file, text);
    await until("the API takes the object", 60, async () => {
      const done = await world.lab.kubectl(["apply", "-f", file]);
      if (
        done.code !== 0 &&
        !/no matches for kind|not found|ensure CRDs|rpc error|timed? ?out|refused/i.test(done.stderr)
      )
        throw new Error(done.stderr);
      return done.code === 0;
    });
  }
  const lost = (...args: string[]) =>
    world.lab.inOperator(
      [
        ...[process.execPath, "--import", "tsx", join(root, "cli/lost.ts"), "--epoch", "2", ...args],
        ...["--topology", join(clone.project, "Pulumi.yaml")],
      ],
      { cwd: root },
    );
  /** "WHAT KIND NAMESPACE/NAME: NOW" of each object that somebody may have to bring back. */
  const listed = (report: LostReport) =>
    report.objects
      .filter((o) => o.aside === undefined)
      .map((o) => `${o.difference} ${o.kind} ${o.namespace}/${o.name}: ${o.now}`)
      .sort();
  const expected = (nowOfChanged: string) => [
    "deleted there ConfigMap default/goes: as at the failover",
    `newer there ConfigMap default/changes: ${nowOfChanged}`,
    "newer there Well default/deep: as at the failover",
    "only there ConfigMap default/late: not there",
    "only there Deployment shop/late: not there",
    "only there Namespace /shop: not there",
    "only there Secret default/late-secret: not there",
    "only there Service shop/late: not there",
  ];
  // the empty file that lost.sh locks stays, as those of all steps do
  const traces = () =>
    Promise.all(
      ["master1", "master2", "master3"].map((host) =>
        world.on(
          host,
          "ls --ignore=lock.lost /var/lib/rke-dr /var/lib/etcd; docker ps -a --format '{{.Names}}' | sort; sha256sum /var/lib/rke-dr/epoch-*/etcd-data/member/snap/db /var/lib/etcd/before-epoch-2/member/snap/db 2>/dev/null",
        ),
      ),
    );

  before(async function () {
    this.timeout(1_800_000);
    await world.build();
    for (const name of ["stays", "changes", "goes"]) await world.wrote(name);
    await apply(definition);
    await apply(well(10));
    // the survivor has all of that
    const revision = (host: string) => world.on(host, "docker exec etcd etcdctl get /registry/configmaps/default/goes");
    assert.equal(await revision("master3"), await revision("master1"));
    await world.lab.cutLink("a");
    // until each API server has turned to the members that answer, writes fail now and then
    const insist = (...args: string[]) =>
      until(`a takes kubectl ${args.join(" ")}`, 150, async () => {
        const tried = await world.lab.kubectl([...args, "--request-timeout=10s"]);
        return tried.code === 0 || /already exists|NotFound/.test(tried.stderr);
      });
    await insist("create", "configmap", "late", "--from-literal=a=b");
    await insist("patch", "configmap", "changes", "-p", '{"data":{"a":"newer"}}');
    await insist("delete", "configmap", "goes");
    await insist("create", "secret", "generic", "late-secret", "--from-literal=password=correct-horse");
    await insist("create", "namespace", "shop");
    await apply(deployment);
    await apply(service);
    await apply(well(20));
    await world.lab.powerOff("a");
    await world.lab.heal();
    clone = await world.confirmed("lost");
    const failedOver = await world.failover(clone);
    assert.equal(failedOver.code, 0, failedOver.all);
  });
  after(async () => {
    await world.lab.down();
    rmSync(folder, { recursive: true });
  });

  it("says which hosts must be back, while the lost side has no power", async () => {
    const told = await lost();
    assert.equal(told.code, 1);
    assert.match(
      told.stderr,
      /nothing can be compared, and nothing was changed\n {2}master1 \([\d.]+\): must answer by SSH: /,
    );
  });

  it("names exactly what the lost side wrote and deleted after the cut, from the data of hosts in quarantine", async () => {
    await world.lab.powerOn("a");
    await until("the quarantine", 120, async () => {
      const stopped = await Promise.all(
        ["master1", "master2"].map((host) =>
          world.holds(host, "! docker inspect etcd && ! docker inspect kube-apiserver"),
        ),
      );
      return stopped.every(Boolean);
    });
    const before = await traces();
    const told = await lost("--json");
    assert.equal(told.code, 0, told.stderr);
    const report = JSON.parse(told.stdout) as LostReport;
    assert.deepEqual(listed(report), expected("as at the failover"));
    const late = report.objects.find((o) => o.name === "late" && o.kind === "ConfigMap");
    assert.deepEqual(late?.by, ["kubectl-create"]);
    assert.ok(Math.abs((late?.time ?? 0) - Date.now()) < 3_600_000, String(late?.time));
    assert.ok(report.there.revision > report.base.revision);
    assert.deepEqual(await traces(), before, "nothing of it stays, and the data is as it was");
    assert.doesNotMatch(told.stdout + told.stderr, /correct-horse|Y29ycmVjdC1ob3JzZQ/);
  });

  it("names the same after the failback, from the data that it has set aside, and what the cluster has changed since", async () => {
    const project = await world.lab.project();
    const preview = await world.confirmFailback(project, 3);
    assert.match(
      preview,
      /a HAS WRITES THAT THE CLUSTER LACKS: master\d is at revision \d+, its newest object is of 20/,
    );
    const back = await world.pulumi(project, "up", "--yes", "--skip-preview", "--stack", "primary");
    assert.equal(back.code, 0, back.all);
    await kubectl("patch", "configmap", "changes", "-p", '{"data":{"other":"since"}}');
    const told = await lost("--json");
    assert.equal(told.code, 0, told.stderr);
    const report = JSON.parse(told.stdout) as LostReport;
    assert.deepEqual(listed(report), expected("changed since"));
    assert.match(report.there.path, /\/epoch-3\/etcd-data$/);
  }).timeout(900_000);

  it("prints a table without Secrets' values", async () => {
    const told = await lost();
    assert.equal(told.code, 0, told.stderr);
    console.log(told.stdout.replace(/^/gm, "      "));
    assert.match(
      told.stdout,
      /\| only there \| Secret \| default \| late-secret \| 20\S+Z \| kubectl-create \| not there \|/,
    );
    assert.match(
      told.stdout,
      /\| deleted there \| ConfigMap \| default \| goes \| not known \| not known \| as at the failover \|/,
    );
    assert.doesNotMatch(told.stdout + told.stderr, /correct-horse|Y29ycmVjdC1ob3JzZQ/);
  });

  it("--yaml writes what can be applied again, and the cluster then has it", async () => {
    const before = await traces();
    const yaml = join(folder, "yaml");
    const told = await lost("--yaml", yaml);
    assert.equal(told.code, 0, told.stderr);
    assert.match(told.stderr, /not written: Secret default\/late-secret: its values are written only with --secrets/);
    assert.deepEqual(readdirSync(yaml).sort(), [
      "00-namespace-shop.yaml",
      "30-configmap-default-late.yaml",
      "40-deployment-shop-late.yaml",
      "40-service-shop-late.yaml",
      "40-well-default-deep.yaml",
      "changed-since",
    ]);
    assert.deepEqual(readdirSync(join(yaml, "changed-since")), ["30-configmap-default-changes.yaml"]);
    const late = parse(readFileSync(join(yaml, "40-deployment-shop-late.yaml"), "utf8"));
    assert.deepEqual(Object.keys(late.metadata).sort(), ["annotations", "name", "namespace"]);
    assert.equal(late.status, undefined);
    assert.equal(late.spec.template.spec.containers[0].resources.limits.cpu, "100m");
    await kubectl("apply", "-f", yaml);
    assert.equal(await kubectl("get", "configmap", "late", "-o", "jsonpath={.data.a}"), "b");
    assert.equal(await kubectl("get", "well", "deep", "-o", "jsonpath={.depth}"), "20");
    assert.equal(
      await kubectl("get", "service", "late", "-n", "shop", "-o", "jsonpath={.spec.ports[0].targetPort}"),
      "http",
    );
    assert.equal(await kubectl("get", "deployment", "late", "-n", "shop", "-o", "jsonpath={.spec.replicas}"), "1");
    assert.deepEqual(await traces(), before);
  });

  it("--secrets writes Secrets, too, into files that none but their owner reads", async () => {
    const yaml = join(folder, "secrets");
    const told = await lost("--yaml", yaml, "--secrets");
    assert.equal(told.code, 0, told.stderr);
    const file = join(yaml, "30-secret-default-late-secret.yaml");
    assert.equal(parse(readFileSync(file, "utf8")).data.password, Buffer.from("correct-horse").toString("base64"));
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(statSync(yaml).mode & 0o777, 0o700);
    assert.doesNotMatch(told.stdout + told.stderr, /correct-horse|Y29ycmVjdC1ob3JzZQ/);
  });

  it("refuses an epoch that was no failover's, and a folder that has files", async () => {
    const { code, stderr } = await world.lab.inOperator(
      [
        process.execPath,
        "--import",
        "tsx",
        join(root, "cli/lost.ts"),
        "--epoch",
        "1",
        "--topology",
        join(clone.project, "Pulumi.yaml"),
      ],
      { cwd: root },
    );
    assert.equal(code, 1);
    assert.match(
      stderr,
      /--epoch: must be the epoch of a failover: no host has a record of one of epoch 1\n +The hosts are at epoch 3/,
    );
    const full = await lost("--yaml", folder);
    assert.match(full.stderr, /--yaml: must be a new or an empty folder/);
  });
});
