import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { importCommand } from "../../cli/import";
import { policyCommand } from "../../cli/policy";
import { renderCommand } from "../../cli/render";

const root = join(__dirname, "../..");
const golden = join(root, "test/golden/kubeadm");
const own = join(root, "topologies/kubeadm.yaml");

describe("a kubeadm cluster on the command line", function () {
  this.timeout(60_000);
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "rke-dr-kubeadm-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  const importAs = (topology: string) => {
    const path = join(folder, `${topology}.yaml`);
    const files = ["cp1", "cp2", "cp3"].map((host) => join(golden, topology, host, "kubeadm.yaml"));
    const sides = ["--datacenter", "a=cp1,cp2", "--datacenter", "b=cp3"];
    const { status, stderr } = importCommand(["--installer", "kubeadm", ...files, ...sides, "-o", path]);
    assert.equal(status, 0, stderr);
    return path;
  };
  const rendered = (topology: string, ...args: string[]) => {
    const { status, stdout, stderr } = renderCommand(["--topology", topology, "--json", ...args]);
    assert.equal(status, 0, stderr);
    return JSON.parse(stdout);
  };

  it("import and render --stack primary give every manifest as kubeadm wrote it", () => {
    const { manifests } = rendered(importAs("extra-args"), "--stack", "primary");
    for (const host of ["cp1", "cp2", "cp3"]) {
      for (const file of readdirSync(join(golden, "extra-args", host, "manifests"))) {
        assert.equal(manifests[host][file], readFileSync(join(golden, "extra-args", host, "manifests", file), "utf8"));
      }
    }
  });

  it("render --stack failover: the survivor's etcd is alone, its kube-apiserver as it was where it asks its own etcd", () => {
    const before = rendered(own, "--stack", "primary").manifests.cp3;
    const { manifests, refused } = rendered(own, "--stack", "failover", "--lost", "a");
    assert.deepEqual([Object.keys(manifests), refused], [["cp3"], []]);
    assert.match(manifests.cp3["etcd.yaml"], /--initial-cluster=cp3=https:\/\/192\.168\.31\.113:2380\n/);
    assert.doesNotMatch(manifests.cp3["etcd.yaml"], /initial-cluster-state/);
    assert.match(before["etcd.yaml"], /--initial-cluster=cp1=.*,cp2=.*,cp3=.*\n.*--initial-cluster-state=existing/);
    assert.equal(manifests.cp3["kube-apiserver.yaml"], before["kube-apiserver.yaml"]);
  });

  it("render --stack failover: lost hosts leave etcd-servers of extraArgs", () => {
    const { manifests } = rendered(importAs("extra-args"), "--stack", "failover", "--lost", "a");
    assert.match(manifests.cp3["kube-apiserver.yaml"], /--etcd-servers=https:\/\/127\.0\.0\.1:2379\n/);
  });

  it("render --stack failover: where quorum is kept nothing changes, with the reason", () => {
    const { manifests, refused } = rendered(own, "--stack", "failover", "--lost", "b");
    const before = rendered(own, "--stack", "primary").manifests;
    assert.match(refused.join(), /etcd keeps its quorum without b/);
    assert.deepEqual(manifests, { cp1: before.cp1, cp2: before.cp2 });
  });

  it("render writes manifests per host in peace and after each loss, and --check finds them fresh", () => {
    const out = join(folder, "rendered");
    assert.equal(renderCommand(["--topology", own, "--out", out]).status, 0);
    assert.equal(renderCommand(["--topology", own, "--out", out, "--check"]).status, 0);
    for (const file of ["primary/manifests/cp1/etcd.yaml", "failover-a/manifests/cp3/kube-apiserver.yaml"]) {
      assert.match(readFileSync(join(out, file), "utf8"), /^apiVersion: v1\nkind: Pod\n/);
    }
    assert.match(readFileSync(join(out, "failover-a/README.md"), "utf8"), /- +- --initial-cluster-state=existing/);
    assert.match(readFileSync(join(out, "failover-b/README.md"), "utf8"), /Nothing, a failover would refuse:/);
    for (const file of readdirSync(out, { recursive: true, encoding: "utf8" }).filter((f) => f.endsWith(".md"))) {
      assert.doesNotMatch(readFileSync(join(out, file), "utf8"), /cluster\.yml|`rke|rkestate/, file);
    }
  });

  it("the policy judges it", () => assert.equal(policyCommand(["--topology", own]).status, 0));

  it("--installer of another name: says so", () => {
    const { status, stderr } = importCommand(["--installer", "k3s", own, "--datacenter", "a=x"]);
    assert.deepEqual(
      [status, /--installer: is none of rke, kubeadm, kubespray, kubekey and unit: "k3s"/.test(stderr)],
      [1, true],
    );
  });
});
