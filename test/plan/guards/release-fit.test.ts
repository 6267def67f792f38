import assert from "node:assert/strict";
import { parseTopology } from "../../../plan/declaration/declaration";
import type { Observation } from "../../../plan/facts/observation";
import { adoptionProblems } from "../../../plan/guards/adoption";
import { releaseNotes, settingsThatFit } from "../../../plan/guards/release-fit";
import { parseRkeState } from "../../../plan/installers/rke/adopted";
import { clusterOrder } from "../../../plan/topology/order";
import { allHosts, type Topology } from "../../../plan/topology/topology";
import { survivor } from "../worlds/observations";
import { raw, seedHosts } from "../worlds/topologies";

const declared = (rkeVersion: string, kubernetesVersion: string, rke: object = {}): Topology =>
  parseTopology(raw(seedHosts, { pki: "adopted", rkeVersion, kubernetesVersion, rke }));

/** All hosts run what RKE plans from this topology. */
const runsAs = (topology: Topology): Observation => ({
  hosts: Object.fromEntries(
    allHosts(topology).map((h) => [
      h.name,
      survivor(topology, h, { epoch: 0, act: undefined, caSum: "sum", deploy: undefined }),
    ]),
  ),
  answers: [],
  at: 0,
});

const words = (said: Topology, running: Topology): string[] =>
  settingsThatFit(said, runsAs(running)).map((fit) => fit.words.join("; "));

describe("the release of RKE by what runs", () => {
  it("needs no words if the topology's own fits", () =>
    assert.deepEqual(
      words(declared("v1.3.24", "v1.20.15-rancher2-2"), declared("v1.3.24", "v1.20.15-rancher2-2")),
      [],
    ));

  it("needs none if another release plans the same", () =>
    assert.deepEqual(words(declared("v1.3.13", "v1.20.15-rancher2-2"), declared("v1.4.3", "v1.20.15-rancher2-2")), []));

  it("is named, with what to set", () =>
    assert.match(
      words(declared("v1.3.24", "v1.24.17-rancher1-1"), declared("v1.5.14", "v1.24.17-rancher1-1")).join("\n"),
      /^topology\.rkeVersion: RKE v1\.3\.24 plans \d+ arguments, .* of Kubernetes v1\.24\.17-rancher1-1 otherwise than they run; RKE v1\.5\.9 to v1\.5\.14, v1\.6\.3, v1\.7\.0-rc\.3, v1\.8\.14 plans all as they run; set rkeVersion: v1\.8\.14, or what `rke --version` says of these$/,
    ));

  it("is the older one if what runs is older", () =>
    assert.match(
      words(declared("v1.5.14", "v1.24.17-rancher1-1"), declared("v1.3.24", "v1.24.17-rancher1-1")).join("\n"),
      /; RKE v1\.3\.24 plans all as they run; set rkeVersion: v1\.3\.24$/,
    ));

  it("stays if only the version of Kubernetes differs, by the images that run", () =>
    assert.match(
      words(declared("v1.5.14", "v1.24.16-rancher1-1"), declared("v1.5.14", "v1.24.17-rancher1-1")).join("\n"),
      /plans all as they run; set kubernetesVersion: v1\.24\.17-rancher1-1$/,
    ));

  it("comes nearest if an argument is changed by hand as well", () => {
    const seen = JSON.parse(
      JSON.stringify(runsAs(declared("v1.5.14", "v1.24.17-rancher1-1"))).replaceAll(
        "--service-node-port-range=30000-32767",
        "--service-node-port-range=1024-32767",
      ),
    ) as Observation;
    const [fit] = settingsThatFit(declared("v1.3.24", "v1.24.17-rancher1-1"), seen);
    assert.match(fit?.words[1] ?? "", /^RKE v1\.5\.9 to v1\.5\.14, .* comes nearest, with [1-9]/);
    assert.deepEqual(releaseNotes(declared("v1.3.24", "v1.24.17-rancher1-1"), seen), []);
    // no release changes that argument, so there is nothing to set
    assert.deepEqual(settingsThatFit(declared("v1.5.14", "v1.24.17-rancher1-1"), seen), []);
  });

  it("isn't guessed if no host was seen", () =>
    assert.deepEqual(
      settingsThatFit(declared("v1.3.24", "v1.24.17-rancher1-1"), { hosts: {}, answers: [], at: 0 }),
      [],
    ));
});

describe("a cluster that is to be taken over", () => {
  const pem = { certificatePEM: "c", keyPEM: "k" };
  const adopted = (topology: Topology, systemImages?: object) => ({
    ...parseRkeState(
      JSON.stringify({
        currentState: {
          rkeConfig: { nodes: clusterOrder(topology).map(({ address }) => ({ address })), systemImages },
          certificatesBundle: { "kube-ca": pem, "kube-admin": pem },
        },
      }),
    ),
    caSum: "sum",
  });
  const topology = declared("v1.3.24", "v1.24.17-rancher1-1");
  const problems = (running: Topology, systemImages?: object) =>
    adoptionProblems(topology, adopted(topology, systemImages), runsAs(running));

  it("is refused with the release that fits", () =>
    assert.match(
      problems(declared("v1.5.14", "v1.24.17-rancher1-1")).at(-1) ?? "",
      /^topology\.rkeVersion: .*\n.*; set rkeVersion: /,
    ));

  it("is refused with the images that RKE's state has", () =>
    assert.deepEqual(
      problems(topology, {
        etcd: "r.example/etcd:v3.5.4",
        kubernetes: "rancher/hyperkube:v1.24.17-rancher1",
        kubernetesServicesSidecar: "rancher/rke-tools:v0.1.90",
      }),
      [
        "rke-dr:adopted: RKE must have taken the images that the topology gives: r.example/etcd:v3.5.4\nIf it is right, write into Pulumi.yaml under topology.rke: system_images: {etcd: r.example/etcd:v3.5.4}",
      ],
    ));

  it("passes with the images of the topology", () => assert.deepEqual(problems(topology), []));
});
