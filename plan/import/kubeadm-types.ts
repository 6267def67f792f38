import type { Path } from "./findings";
import { type Shape, struct, textMap, texts } from "./shape";

/** Versions of kubeadm's configuration that are read: from Kubernetes 1.22 on. */
export const versions = ["kubeadm.k8s.io/v1beta3", "kubeadm.k8s.io/v1beta4", "kubeadm.k8s.io/v1"];

const image = "imageRepository imageTag";
/** An argument of kubeadm 1.37 may have a mergeMethod; an older kubeadm passes over it, and so does planned(). */
const argumentList: Shape = { list: struct("name value mergeMethod") };
const envs: Shape = { list: struct("name value", { valueFrom: "json" }) };
const volumes: Shape = { list: struct("name hostPath mountPath pathType", { readOnly: "flag" }) };
const endpoint = struct("advertiseAddress", { bindPort: "whole" });
const patches = struct("directory");
const taints: Shape = { list: struct("key value effect timeAdded") };
const external = { endpoints: texts };
const externalFiles = "caFile certFile keyFile";
const timeouts = struct(
  "controlPlaneComponentHealthCheck kubeletHealthCheck kubernetesAPICall etcdAPICall tlsBootstrap discovery upgradeManifests",
);
const head = "apiVersion kind";
const discovery = (more: string): Shape =>
  struct(more, {
    tlsBootstrapToken: "secret",
    bootstrapToken: struct("apiServerEndpoint", {
      token: "secret",
      caCertHashes: texts,
      unsafeSkipCAVerification: "flag",
    }),
    file: struct("kubeConfigPath"),
  });
const bootstrapTokens: Shape = {
  list: struct("description ttl expires", { token: "secret", usages: texts, groups: texts }),
};

/** The fields of both versions, and what each has in its own way (apis/kubeadm/v1beta3/types.go, v1beta4/types.go). */
function kinds(args: Shape, own: { component: Record<string, Shape>; apiServer: string; isOld: boolean }) {
  const component = { extraArgs: args, extraVolumes: volumes, ...own.component };
  const registration = struct("name criSocket imagePullPolicy", {
    taints,
    kubeletExtraArgs: args,
    ignorePreflightErrors: texts,
    ...(own.isOld ? {} : { imagePullSerial: "flag" as const }),
  });
  const newer: Record<string, Shape> = own.isOld ? {} : { timeouts, dryRun: "flag" };
  const host = { nodeRegistration: registration, skipPhases: texts, patches, ...newer };
  return {
    ClusterConfiguration: struct(
      `${head} kubernetesVersion controlPlaneEndpoint certificatesDir imageRepository clusterName ${
        own.isOld ? "" : "encryptionAlgorithm certificateValidityPeriod caCertificateValidityPeriod"
      }`,
      {
        etcd: struct("", {
          local: struct(`${image} dataDir`, {
            extraArgs: args,
            serverCertSANs: texts,
            peerCertSANs: texts,
            ...own.component,
          }),
          external: struct(externalFiles, own.isOld ? external : { ...external, httpEndpoints: texts }),
        }),
        networking: struct("serviceSubnet podSubnet dnsDomain"),
        apiServer: struct(own.apiServer, { ...component, certSANs: texts }),
        controllerManager: struct("", component),
        scheduler: struct("", component),
        dns: struct(image, own.isOld ? {} : { disabled: "flag" }),
        ...(own.isOld ? {} : { proxy: struct("", { disabled: "flag" }) }),
        featureGates: { map: "flag" },
      },
    ),
    InitConfiguration: struct(head, {
      ...host,
      certificateKey: "secret",
      bootstrapTokens,
      localAPIEndpoint: endpoint,
    }),
    JoinConfiguration: struct(`${head} caCertPath`, {
      ...host,
      discovery: discovery(own.isOld ? "timeout" : ""),
      controlPlane: struct("", { certificateKey: "secret", localAPIEndpoint: endpoint }),
    }),
  };
}

export type Kind = "ClusterConfiguration" | "InitConfiguration" | "JoinConfiguration";

const v1beta3 = kinds(textMap, { component: {}, apiServer: "timeoutForControlPlane", isOld: true });
const v1beta4 = kinds(argumentList, { component: { extraEnvs: envs }, apiServer: "", isOld: false });

export const shapeOf = (kind: Kind, version: string): Shape =>
  version === "kubeadm.k8s.io/v1beta3" ? v1beta3[kind] : v1beta4[kind];

/** True if a newer version of kubeadm's configuration has the field. */
export const isNewer = (kind: Kind, version: string, path: Path): boolean =>
  shapeOf(kind, version) !== v1beta4[kind] && hasField(v1beta4[kind], path);

function hasField(shape: Shape | undefined, [first, ...rest]: Path): boolean {
  if (first === undefined) {
    return shape !== undefined;
  }
  if (typeof shape !== "object") {
    return false;
  }
  const inner = "list" in shape ? shape.list : "map" in shape ? shape.map : shape.keys[first];
  return hasField(inner, rest);
}
