import { deepEqual, equal, match, rejects, throws } from "node:assert/strict";
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEBIAN_ETCD, ETCD_VERSIONS, etcdBuild } from "../../lab/build/programs";
import { defaultKubernetes, etcdFor, newestOfEachLine, releaseImages } from "../../lab/build/releases";
import { chooseRke, rkeInstall } from "../../lab/hosts/rke-program";
import { fillTopology } from "../../lab/operator/project";

describe("lab: releases of RKE", () => {
  const etcds: [kubernetes: string, asked: string | undefined, etcd: string][] = [
    ["v1.20.5-rancher1-1", undefined, DEBIAN_ETCD],
    ["v1.20.5-rancher1-1", "3.4.14", "3.4.14"],
    ["v1.20.15-rancher2-1", undefined, "3.4.15"],
    ["v1.24.17-rancher1-1", undefined, "3.5.4"],
    ["v1.27.16-rancher1-1", undefined, "3.5.10"],
    ["v1.28.14-rancher1-1", undefined, "3.5.10"],
    ["v1.30.5-rancher1-1", undefined, "3.5.12"],
    ["v1.31.1-rancher1-1", undefined, "3.5.15"],
    // as a record of a lab that an earlier program raised has it
    ["v1.28.14-rancher1-1", "3.4", DEBIAN_ETCD],
  ];
  for (const [kubernetes, asked, etcd] of etcds) {
    it(`etcd ${etcd} for ${kubernetes}, asked for ${asked ?? "none"}`, () => equal(etcdFor(kubernetes, asked), etcd));
  }

  it("knows the newest release of each line", () =>
    deepEqual(
      newestOfEachLine().map((rke) => [rke, defaultKubernetes(rke)]),
      [
        ["v1.2.23", "v1.20.15-rancher2-1"],
        ["v1.3.24", "v1.24.17-rancher1-1"],
        ["v1.4.22", "v1.27.16-rancher1-1"],
        ["v1.5.14", "v1.28.14-rancher1-1"],
        ["v1.6.3", "v1.30.5-rancher1-1"],
        ["v1.7.0-rc.3", "v1.31.1-rancher1-1"],
      ],
    ));

  it("refuses a version whose etcd it has no modules of", () =>
    throws(() => etcdFor("v1.22.17-rancher1-2"), {
      message:
        /^--etcd: must be given, since the etcd 3\.5\.3 of v1\.22\.17-rancher1-2 is none of those that the lab has: /,
    }));

  it("has the modules of each version but Debian's", () =>
    deepEqual(
      readdirSync(join(__dirname, "../../lab/build/etcd")).sort(),
      ETCD_VERSIONS.filter((version) => version !== DEBIAN_ETCD).sort(),
    ));

  it("builds no etcdutl of 3.4, which has none", () => {
    deepEqual(Object.keys(etcdBuild("3.4.14").programs), ["etcd", "etcdctl"]);
    deepEqual(Object.keys(etcdBuild("3.5.10").programs), ["etcd", "etcdctl", "etcdutl"]);
  });

  it("gives hosts the images by the names of the version", () =>
    deepEqual(releaseImages("v1.28.14-rancher1-1"), {
      etcd: "rancher/mirrored-coreos-etcd:v3.5.10",
      kubernetes: "rancher/hyperkube:v1.28.14-rancher1",
      tools: "rancher/rke-tools:v0.1.103",
      pause: "rancher/mirrored-pause:3.7",
    }));

  it("writes the releases that were asked for into the operator's topology", () => {
    const text = "config:\n  topology:\n    value:\n      kubernetesVersion: v1.20.5-rancher1-1 # old\n";
    const asked = { rkeVersion: "v1.5.14", kubernetesVersion: "v1.28.14-rancher1-1" };
    const filled = fillTopology(text, {}, "/key", undefined, asked);
    match(filled, /kubernetesVersion: v1\.28\.14-rancher1-1/);
    match(filled, /rkeVersion: v1\.5\.14/);
    match(fillTopology(text, {}, "/key"), /kubernetesVersion: v1\.20\.5-rancher1-1 # old/);
  });
});

describe("lab: the deploy hosts' rke", () => {
  const folder = mkdtempSync(join(tmpdir(), "lab-rke-"));
  const real = join(folder, "rke");
  before(() => {
    writeFileSync(real, "#!/bin/sh\necho rke version v1.4.22\n");
    chmodSync(real, 0o755);
  });
  after(() => rmSync(folder, { recursive: true }));

  it("is the stand-in for the topology's release if LAB_RKE is unset", async () => {
    const program = await chooseRke({}, "v1.5.14");
    deepEqual(program, { kind: "stand-in", version: "v1.5.14" });
    const { scripts } = await rkeInstall(program, async () => "/bundle");
    match(scripts["/usr/local/bin/rke"] ?? "", /^RKE_STAND_IN_RELEASE=v1\.5\.14 exec /m);
  });

  it("is the real one of the topology's release", async () => {
    const program = await chooseRke({ LAB_RKE: real }, "v1.4.22");
    deepEqual(program, { kind: "real", path: real, version: "v1.4.22" });
    const { programs } = await rkeInstall(program, async () => "");
    deepEqual(programs, { "/usr/local/libexec/rke-v1.4.22": real });
  });

  it("gets metadata in the place of its own", async () => {
    const program = await chooseRke({ LAB_RKE: real, LAB_RKE_METADATA: real }, "v1.4.22");
    const { scripts } = await rkeInstall(program, async () => "");
    match(
      scripts["/usr/local/bin/rke"] ?? "",
      /^export RANCHER_METADATA_URL=\/usr\/local\/share\/rke-metadata\.json$/m,
    );
  });

  it("is refused if it is another release than the topology's", () =>
    rejects(chooseRke({ LAB_RKE: real }, "v1.2.7"), {
      message: `LAB_RKE: must be rke v1.2.7, the topology's rkeVersion (\`--rke v1.4.22\` replaces it), ${real} says v1.4.22`,
    }));

  it("is refused if it is no program", () =>
    rejects(chooseRke({ LAB_RKE: join(folder, "none") }, "v1.2.7"), {
      message: `LAB_RKE: must be an executable file, is "${join(folder, "none")}"`,
    }));
});
