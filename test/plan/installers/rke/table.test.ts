import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  etcdOptions,
  kubeApiOptions,
  optionsVersion,
} from "../../../../plan/installers/rke/releases/kubernetes-options";
import { makeTable, tableText } from "../../../../plan/installers/rke/releases/make-table";
import { drilledRke, releasesPage } from "../../../../plan/installers/rke/releases/page";
import {
  defaultKubernetes,
  hasKubernetes,
  knownRke,
  kubernetesOf,
  nearestKubernetes,
  releaseImages,
  rkeWith,
} from "../../../../plan/installers/rke/releases/table";
import { isInRange } from "../../../../plan/installers/rke/releases/versions";
import { folder } from "./recorded-clusters";

const root = join(__dirname, "../../../..");
const text = (path: string) => readFileSync(join(root, path), "utf8");

interface Variant {
  etcd: string;
  kubernetes: string;
  tools: string;
  etcdOptions?: string;
  kubeapiOptions?: string;
  rke: string[];
}
const recorded = JSON.parse(readFileSync(join(folder, "releases.json"), "utf8")) as {
  rke: Record<string, { default: string; known: number }>;
  releases: Record<string, Variant[]>;
  laterMetadata: Record<string, Variant>;
  options: Record<string, Record<string, string>>;
};
const { note: _, ...later } = recorded.laterMetadata;

describe("the table of RKE's releases", () => {
  it("is what `npm run releases -- --from` makes of the recorded metadata", () => {
    assert.equal(text("plan/installers/rke/releases/table.json"), tableText(makeTable(recorded)));
  });

  it("is what docs/rke-releases.md shows (else run `npm run releases`)", () => {
    assert.equal(text("docs/rke-releases.md"), releasesPage());
    for (const rke of drilledRke.filter((release) => release !== "v1.2.7"))
      assert.match(text("docs/verified.md"), new RegExp(`\\| \`--rke ${rke}[^|]*\` \\|[^\n]*verified`), rke);
  });

  it("gives every RKE release as many versions, and the default, that its metadata have", () => {
    for (const [rke, { default: version, known }] of Object.entries(recorded.rke)) {
      assert.deepEqual([rke, kubernetesOf(rke).length, defaultKubernetes(rke)], [rke, known, version]);
    }
    assert.equal(defaultKubernetes("v1.6.1"), undefined, "not recorded");
  });

  it("gives every version the recorded images", () => {
    for (const [version, variants] of [...Object.entries(recorded.releases), ...Object.entries(later).map(only)]) {
      for (const { etcd, kubernetes: hyperkube, tools } of variants) {
        assert.deepEqual(releaseImages(version), { etcd, hyperkube, tools }, version);
      }
    }
    assert.equal(releaseImages("v1.99.0-rancher1-1"), undefined);
  });

  it("says of every pair of RKE release and version whether the metadata have it", () => {
    for (const [version, variants] of Object.entries(recorded.releases)) {
      for (const rke of knownRke) {
        const expected = variants.some((v) => v.rke.some((range) => isInRange(rke, range)));
        assert.equal(hasKubernetes(rke, version), expected, `${rke} ${version}`);
      }
    }
  });

  const pairs: [rke: string, version: string, has: boolean, why: string][] = [
    ["v1.5.4", "v1.26.13-rancher1-1", true, "v1.5.5 has it"],
    ["v1.5.4", "v1.26.14-rancher1-1", false, "v1.5.6 is the first"],
    ["v1.7.0", "v1.31.1-rancher1-1", true, "the release candidate has it"],
    ["v1.7.0", "v1.32.6-rancher1-1", true, "all is taken for known after the newest release"],
    ["v1.7.0-rc.3", "v1.32.6-rancher1-1", false, "later metadata"],
    ["v1.3.0", "v1.20.13-rancher1-1", false, "v1.2.15 has it, the parallel line not yet"],
  ];
  for (const [rke, version, has, why] of pairs) {
    it(`takes RKE ${rke} for ${has ? "having" : "lacking"} ${version}: ${why}`, () =>
      assert.equal(hasKubernetes(rke, version), has));
  }

  it("names the releases that have a version in words", () => {
    assert.equal(rkeWith("v1.20.13-rancher1-1"), "v1.2.15 to v1.2.23, v1.3.3 and later");
    assert.equal(rkeWith("v1.24.17-rancher1-1"), "v1.3.24, v1.4.9 and later");
    assert.equal(rkeWith("v1.32.6-rancher1-1"), "releases after v1.7.0-rc.3");
  });

  it("names the neighbours of a version, of those that the RKE release has", () => {
    assert.deepEqual(nearestKubernetes("v1.5.14", "v1.20.99"), ["v1.20.15-rancher2-2", "v1.21.4-rancher1-1"]);
    assert.deepEqual(nearestKubernetes("v1.2.7", "v1.20.99"), ["v1.20.5-rancher1-1"]);
    assert.deepEqual(nearestKubernetes("v1.2.7", "twenty"), ["v1.20.5-rancher1-1"]);
  });
});

describe("arguments by kubernetes_version", () => {
  it("equal those of the metadata, for every version and in every RKE release that has it", () => {
    for (const [version, variants] of Object.entries(recorded.releases)) {
      for (const { rke: ranges, etcdOptions: etcd = "", kubeapiOptions: kubeApi = "" } of variants) {
        for (const rke of knownRke.filter((r) => ranges.some((range) => isInRange(r, range)))) {
          const found = optionsVersion(rke, version, version.replace(/-\d+$/, ""));
          if (kubeApi === "") {
            assert.equal(found, undefined, `${version}: RKE refuses`);
            continue;
          }
          assert.equal(found, version);
          assert.deepEqual(etcdOptions(rke, version), recorded.options[etcd], `${rke} ${version}`);
          assert.deepEqual(kubeApiOptions(version), recorded.options[kubeApi], version);
        }
      }
    }
  });

  const images: [rke: string, version: string, tag: string, taken: string | undefined, why: string][] = [
    ["v1.5.14", "v1.28.14-rancher1-1", "v1.19.4", "v1.19.0", "the image's minor version counts"],
    ["v1.5.14", "v1.22.7-rancher1-2", "v1.19.4", "v1.22.7-rancher1-2", "arguments of exactly this version count first"],
    ["v1.5.14", "v1.28.99-mine-1", "v1.28.99", "v1.28.0", "a version of one's own has its minor version's"],
    ["v1.5.14", "v1.20.5-rancher1-1", "latest", "v1.20.5-rancher1-1", "a tag without a dot says nothing"],
    ["v1.2.7", "v1.20.5-rancher1-1", "v1.24.1", undefined, "RKE v1.2.7 knows nothing of 1.24"],
    ["v1.5.14", "v1.20.5-rancher1-1", "1.20.5", undefined, "RKE looks for v1.20 and finds 1.20"],
  ];
  for (const [rke, version, tag, taken, why] of images) {
    it(`of ${version} with image ${tag} in RKE ${rke}: ${why}`, () =>
      assert.equal(optionsVersion(rke, version, tag), taken));
  }
});

function only([version, variant]: [string, Variant]): [string, Variant[]] {
  return [version, [variant]];
}
