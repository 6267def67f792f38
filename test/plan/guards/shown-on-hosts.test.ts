import assert from "node:assert/strict";
import { join } from "node:path";
import { readTopologyFile } from "../../../cli/topology-file";
import { actProblems } from "../../../plan/declaration/installers";
import { shownOnHosts } from "../../../plan/guards/shown-on-hosts";

const topologyOf = (name: string) => readTopologyFile(join(__dirname, `../../../topologies/${name}.yaml`));

describe("acts that no drill has shown on hosts", () => {
  it("are refused by name, with another way, where others of the same installer may run", () => {
    const [restore] = shownOnHosts(topologyOf("kubekey"), "restore");
    assert.equal(restore?.ok, false);
    assert.match(
      JSON.stringify(restore),
      /a failover by restore must have been shown .* KubeKey made.*forceNewCluster/,
    );
    assert.equal(shownOnHosts(topologyOf("kubekey"), "failback")[0]?.ok, false);
    assert.deepEqual(shownOnHosts(topologyOf("kubekey"), "forceNewCluster"), []);
  });

  it("are all refused with the configuration where none was shown", () => {
    assert.match(actProblems(topologyOf("unit")).join(), /were not shown on hosts yet.*: unit$/);
    assert.deepEqual(actProblems(topologyOf("kubekey")), []);
  });

  it("are none with RKE, kubeadm and kubespray", () => {
    for (const name of ["seed", "kubeadm", "kubespray"]) {
      for (const act of ["peace", "forceNewCluster", "restore", "failback"] as const) {
        assert.deepEqual(shownOnHosts(topologyOf(name), act), [], `${name} ${act}`);
      }
    }
  });
});
