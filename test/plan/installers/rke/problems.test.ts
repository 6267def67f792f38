import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseTopology, TopologyError } from "../../../../plan/declaration/declaration";
import { imagesOf, systemImagesOf } from "../../../../plan/installers/rke/images";
import { differences } from "../../../../plan/runtimes/process";
import { raw, seedHosts } from "../../worlds/topologies";
import { lines } from "./rendered-lines";

const settings = (rest: Record<string, unknown>) => parseTopology(raw(seedHosts, rest));
const api = "master3/kube-apiserver";
const newer = { rkeVersion: "v1.5.14", kubernetesVersion: "v1.24.17-rancher1-1" };

describe("images of cluster.rkestate", () => {
  const state = (name: string): unknown =>
    JSON.parse(readFileSync(join(__dirname, "../../../golden/rke-up", name), "utf8"));
  it("are those that RKE took", () => {
    const said = systemImagesOf(state("rkestate-30-before-edit.nokeys.json"));
    assert.deepEqual(said, {
      etcd: "rancher/coreos-etcd:v3.4.14-rancher1",
      kubernetes: "rancher/hyperkube:v1.20.5-rancher1",
      kubernetes_services_sidecar: "rancher/rke-tools:v0.1.72",
    });
  });

  it("make a version possible that no table has, with its minor version's arguments", () => {
    const images = {
      etcd: "r/etcd:v3.5.4",
      kubernetes: "r/hyperkube:v1.24.99",
      kubernetesServicesSidecar: "r/t:v0.1.90",
    };
    const said = systemImagesOf({ desiredState: { rkeConfig: { systemImages: images } } });
    const topology = settings({
      rkeVersion: "v1.5.14",
      kubernetesVersion: "v1.24.99-r-1",
      rke: { system_images: said },
    });
    assert.deepEqual(imagesOf(topology), { etcd: images.etcd, hyperkube: images.kubernetes, tools: "r/t:v0.1.90" });
    const plain = { ...newer, kubernetesVersion: "v1.24.17-rancher1-1" };
    const found = differences(
      lines(plain, api),
      lines({ ...plain, kubernetesVersion: "v1.24.99-r-1", rke: { system_images: said } }, api),
    );
    assert.deepEqual(found, ["- image rancher/hyperkube:v1.24.17-rancher1", "+ image r/hyperkube:v1.24.99"]);
  });

  it("are unknown if one of them is missing", () =>
    assert.equal(systemImagesOf({ currentState: { rkeConfig: { systemImages: { etcd: "e:v3.4.14" } } } }), undefined));
});

describe("RKE release and kubernetesVersion that don't go together", () => {
  const own = { etcd: "m/e:v3.4.15", kubernetes: "m/k:v1.20.16", kubernetes_services_sidecar: "m/t:v0.1.78" };
  const cases: [what: string, rest: object, problem: string][] = [
    [
      "an older RKE",
      { rkeVersion: "v1.1.0" },
      'rkeVersion: is older than v1.2.0, the oldest RKE whose plans this program knows: "v1.1.0"',
    ],
    ["no release", { rkeVersion: "1.5.14" }, 'rkeVersion: is not a release of RKE, like "v1.5.14": "1.5.14"'],
    ["RKE2", { rkeVersion: "v2.0.0" }, 'rkeVersion: is RKE2, which makes another kind of cluster: "v2.0.0"'],
    [
      "a version that a later release has",
      { kubernetesVersion: "v1.23.4-rancher1-2" },
      'kubernetesVersion: is not in RKE v1.2.7, but in v1.3.9 and later (is rkeVersion the release that runs? The nearest in RKE v1.2.7: v1.20.5-rancher1-1; or say its images under rke: system_images): "v1.23.4-rancher1-2"',
    ],
    [
      "a version that no release has",
      { rkeVersion: "v1.5.14", kubernetesVersion: "v1.20.16-rancher1-1" },
      'kubernetesVersion: is not a version that this program knows (the nearest in RKE v1.5.14: v1.20.15-rancher2-2 and v1.21.4-rancher1-1; or say its images under rke: system_images): "v1.20.16-rancher1-1"',
    ],
    [
      "half of the images",
      { kubernetesVersion: "v1.20.16-m-1", rke: { system_images: { etcd: "m/e:v3.4.15" } } },
      'kubernetesVersion: is not a version that this program knows (the nearest in RKE v1.2.7: v1.20.5-rancher1-1; rke: system_images lacks kubernetes and kubernetes_services_sidecar): "v1.20.16-m-1"',
    ],
    [
      "a version without arguments",
      { kubernetesVersion: "v1.8.11-rancher2-1" },
      'kubernetesVersion: RKE v1.2.7 has no arguments for this minor version and refuses it: "v1.8.11-rancher2-1"',
    ],
    [
      "an image of a minor version that RKE doesn't know",
      { rke: { system_images: { kubernetes: "m/k:v1.24.1" } } },
      'rke.system_images.kubernetes: RKE v1.2.7 has no arguments for this minor version and refuses it: "m/k:v1.24.1"',
    ],
    [
      "etcd without a version",
      { rke: { system_images: { etcd: "m/e:latest" } } },
      'rke.system_images.etcd: its tag is not a version, and RKE crashes without one: "m/e:latest"',
    ],
    [
      "Kubernetes without a tag",
      { rke: { system_images: { kubernetes: "r:5000/k" } } },
      'rke.system_images.kubernetes: has no tag, and RKE crashes without one: "r:5000/k"',
    ],
    [
      "Kubernetes without a version in the tag",
      { ...newer, rke: { system_images: { kubernetes: "m/k:latest" } } },
      'rke.system_images.kubernetes: its tag is not a version, and RKE crashes without one: "m/k:latest"',
    ],
    ...["https://r.example.com", "r.example.com/", "r.example.com/A"].map((url): (typeof cases)[number] => [
      `a registry that makes images which docker can't read: ${url}`,
      { rke: { private_registries: [{ url, is_default: true }] } },
      `rke: system_images and the default of private_registries make an image that is none, and RKE crashes: "${url}/rancher/coreos-etcd:v3.4.14-rancher1"`,
    ]),
    [
      "two service ranges before RKE v1.3.0",
      { serviceCidr: "10.43.0.0/16,fd98::/108", rke: { network: { plugin: "calico" } } },
      'serviceCidr: RKE v1.2.7 takes one range, v1.3.0 and later two: "10.43.0.0/16,fd98::/108"',
    ],
    [
      "two service ranges with a network plugin of one family",
      { ...newer, serviceCidr: "10.43.0.0/16,fd98::/108" },
      'rke.network.plugin: is neither calico nor aci, and RKE refuses two service ranges with any other: "canal"',
    ],
    [
      "a service range of IPv6 alone",
      { ...newer, serviceCidr: "fd98::/108" },
      'serviceCidr: is not an IPv4 range in CIDR form, or one of IPv4 and one of IPv6 with a comma between: "fd98::/108"',
    ],
    [
      "aws with Kubernetes 1.27, by its settings",
      {
        rkeVersion: "v1.5.14",
        kubernetesVersion: "v1.27.14-rancher1-1",
        rke: { cloud_provider: { awsCloudProvider: {} } },
      },
      'rke.cloud_provider.name: RKE v1.5.14 refuses it with Kubernetes 1.27 and later, which has external-aws: "aws"',
    ],
    [
      "a cloud provider without the settings that RKE needs",
      { rke: { cloud_provider: { name: "azure" } } },
      'rke.cloud_provider.azureCloudProvider: is missing, and RKE refuses the provider without it: "azure"',
    ],
    [
      "etcd 3.6 where RKE asks for v2",
      { rke: { system_images: { etcd: "m/e:v3.6.1" } } },
      'rke.system_images.etcd: etcd 3.6.1 has no v2 API, which RKE v1.2.7 asks of it (--enable-v2, /v2/members): "m/e:v3.6.1"',
    ],
    [
      "a reserved argument in a list",
      { ...newer, rke: { services: { etcd: { extra_args_array: { "data-dir": ["/x"] } } } } },
      'rke.services.etcd.extra_args_array.data-dir: is an argument that must stay RKE\'s: ["/x"]',
    ],
    [
      "a variable of etcd that moves its WAL",
      { rke: { services: { etcd: { extra_env: ["ETCD_QUOTA_BACKEND_BYTES=8589934592", "ETCD_WAL_DIR=/wal"] } } } },
      'rke.services.etcd.extra_env: --wal-dir must stay RKE\'s, also as a variable: "ETCD_WAL_DIR=/wal"',
    ],
  ];
  for (const [what, rest, problem] of cases) {
    it(what, () =>
      assert.throws(
        () => settings(rest as Record<string, unknown>),
        (e) => e instanceof TopologyError && assert.deepEqual(e.problems, [`topology.${problem}`]) === undefined,
      ),
    );
  }

  it("all images said make a version of one's own possible", () => {
    settings({ kubernetesVersion: "v1.20.16-m-1", rke: { system_images: own } });
    settings({ rkeVersion: "v1.5.14", rke: { system_images: { etcd: "m/e:v3.6.1", kubernetes: "m/k:v1.24.1" } } });
  });

  it("RKE v1.2.7 is taken if nothing says which runs", () => assert.equal(settings({}).rkeVersion, "v1.2.7"));
});
