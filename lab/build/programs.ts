/** The programs that the lab builds from Go modules, with those modules. */
import { join } from "node:path";
import type { GoBuild } from "./go-build";

export const KUBERNETES_VERSION = "v1.36.3";
export const PULUMI_VERSION = "v3.276.0";

const version = (variable: string, value: string) => `-X k8s.io/component-base/version.${variable}=${value}`;
const [major, minor] = KUBERNETES_VERSION.slice(1).split(".");

const ldflags = [
  "-s -w",
  version("gitVersion", KUBERNETES_VERSION),
  version("gitMajor", `${major}`),
  version("gitMinor", `${minor}`),
].join(" ");
const ofKubernetes = (...programs: string[]): Record<string, string> =>
  Object.fromEntries(programs.map((program) => [program, `k8s.io/kubernetes/cmd/${program}`]));

/** etcd and its tools, from 3.5 on; the module in the folder names the release. */
function etcd(name: string, folder: string, expect: string): GoBuild {
  return {
    name: `etcd-${name}`,
    source: join(__dirname, folder),
    programs: {
      etcd: "go.etcd.io/etcd/server/v3",
      etcdctl: "go.etcd.io/etcd/etcdctl/v3",
      etcdutl: "go.etcd.io/etcd/etcdutl/v3",
    },
    ldflags: "-s -w",
    static: true,
    expect,
  };
}

export const kubernetes: GoBuild = {
  name: "kubernetes",
  source: join(__dirname, "kubernetes"),
  programs: ofKubernetes("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl"),
  ldflags,
  expect: "about 7 minutes on two cores the first time",
};

/** The programs of a kubeadm host itself; most of what they are made of is compiled for the control plane, too. */
export const kubeadmHost: GoBuild = {
  name: "kubeadm-host",
  source: join(__dirname, "kubeadm-host"),
  programs: ofKubernetes("kubeadm", "kubelet"),
  ldflags,
  expect: "about 3 minutes on two cores the first time",
};

export const crictl: GoBuild = {
  name: "crictl",
  source: join(__dirname, "crictl"),
  programs: { crictl: "sigs.k8s.io/cri-tools/cmd/crictl" },
  ldflags: "-s -w",
  static: true,
  expect: "about two minutes the first time",
};

/** etcd of kubeadm clusters, and the tag that its image has there: ETCD_TAG names the release that `etcd36` builds. */
export const ETCD_TAG = "3.6.16-0";
export const etcd36 = etcd("3.6", "etcd36", "about two minutes the first time");

export const pause: GoBuild = {
  name: "pause",
  source: join(__dirname, "../../stand-ins/kubeadm/pause"),
  programs: { pause: "." },
  ldflags: "-s -w",
  static: true,
};

/** No part of a lab: `npm run check` reads the workflows of .github/workflows with it. */
export const actionlint: GoBuild = {
  name: "actionlint",
  source: join(__dirname, "actionlint"),
  programs: { actionlint: "github.com/rhysd/actionlint/cmd/actionlint" },
  ldflags: "-s -w",
  static: true,
  expect: "about half a minute the first time",
};

export const pulumi: GoBuild = {
  name: "pulumi",
  source: join(__dirname, "pulumi"),
  programs: { pulumi: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi" },
  ldflags: `-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=${PULUMI_VERSION}`,
  expect: "about 4 minutes on two cores the first time",
};

/** The one etcd that isn't built from Go modules: Debian's. */
export const DEBIAN_ETCD = "3.4.23";

/** Versions of etcd that a lab of RKE's clusters can have; each but Debian's has its modules under etcd/. */
export const ETCD_VERSIONS = [
  ...["3.4.14", "3.4.15", DEBIAN_ETCD],
  ...["3.5.4", "3.5.10", "3.5.12", "3.5.15", "3.5.21"],
] as readonly string[];

/** The names of lines that stand for one of the versions. */
export const ETCD_LINES: Readonly<Record<string, string>> = { "3.4": DEBIAN_ETCD, "3.5": "3.5.21" };

/** The build of one of ETCD_VERSIONS, but for Debian's. etcd 3.4 has no etcdutl, and its module no major version. */
export function etcdBuild(version: string): GoBuild {
  const [folder, expect] = [`etcd/${version}`, "about half a minute the first time"];
  const build = etcd(version, folder, expect);
  if (!version.startsWith("3.4.")) return build;
  return { ...build, programs: { etcd: "go.etcd.io/etcd", etcdctl: "go.etcd.io/etcd/etcdctl" } };
}

export const imagePrograms: GoBuild = {
  name: "images",
  source: join(__dirname, "../../stand-ins/images"),
  programs: Object.fromEntries(
    ["kubelet", "kube-proxy", "nginx-proxy", "cert-deployer", "known-flags"].map((program) => [
      program,
      `./cmd/${program}`,
    ]),
  ),
  ldflags: "-s -w",
  static: true,
};
