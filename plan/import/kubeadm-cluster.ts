import { defaults } from "../topology/kubeadm-defaults";
import { clusterSchema } from "../topology/kubeadm-schema";
import { isMapping, type Mapping, mapping } from "../values/mapping";
import type { Documents } from "./kubeadm-documents";
import { type Findings, take } from "./reading";

export interface ClusterPart {
  head: { cluster: string; kubernetesVersion: string };
  /** The content of the topology's `kubeadm:`. */
  kubeadm: Mapping;
  /** v1beta3's apiServer.timeoutForControlPlane, which v1beta4 has for each host. */
  startupTimeout: string | undefined;
}

/** The settings of ClusterConfiguration; if several files have one, they must agree. */
export function clusterPart({ clusters }: Documents, found: Findings): ClusterPart {
  const parts = clusters.map(({ item, body }) => ({ item, part: read(body) }));
  const [first] = parts;
  if (!first) {
    found.errors.push(
      "ClusterConfiguration: is in no file; it is in what `kubeadm init` was given, and in the ConfigMap kube-system/kubeadm-config: nothing",
    );
    return { head: { cluster: "", kubernetesVersion: "" }, kubeadm: {}, startupTimeout: undefined };
  }
  for (const { item } of parts.filter(({ part }) => meaning(part) !== meaning(first.part))) {
    found.errors.push(`${item}: says something else than ${first.item}; a cluster has one: give the one that holds`);
  }
  const { kubernetesVersion } = first.part.head;
  if (!/^v\d/.test(kubernetesVersion)) {
    found.errors.push(
      `${first.item}: kubernetesVersion is not a release's; write what \`kubectl version\` tells of the server there: ${JSON.stringify(kubernetesVersion)}`,
    );
  }
  if (externalEndpoints(first.part.kubeadm)?.length === 0) {
    found.errors.push(`${first.item}.etcd.external.endpoints: names no endpoint, kubeadm refuses it as well: []`);
  }
  return first.part;
}

function read(body: Mapping): ClusterPart {
  const rest = structuredClone(body);
  take(rest, "apiVersion");
  take(rest, "kind");
  const version = String(take(rest, "kubernetesVersion") || "stable-1");
  const clusterName = String(take(rest, "clusterName") || defaults.clusterName);
  const timeout = isMapping(rest.apiServer) ? take(rest.apiServer, "timeoutForControlPlane") : undefined;
  const isLabel = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(clusterName);
  const { etcd, ...others } = withLists(rest);
  return {
    head: {
      cluster: isLabel ? clusterName : defaults.clusterName,
      kubernetesVersion: /^\d/.test(version) ? `v${version}` : version,
    },
    kubeadm: {
      ...(isLabel ? {} : { clusterName }),
      ...withoutDefaults(others),
      ...etcdPart(mapping(etcd)),
    },
    startupTimeout: timeout === undefined ? undefined : String(timeout),
  };
}

/** An external etcd stays as it is, even an empty one: without it etcd would be kubeadm's own. */
const etcdPart = ({ local, external }: Mapping): Mapping =>
  external === undefined
    ? withoutDefaults({ etcd: { local } })
    : { etcd: { ...(local === undefined ? {} : { local }), external } };

/** The same with v1beta3's extraArgs as v1beta4's lists, sorted as kubeadm sorts them; an argument without a value has an empty one. */
function withLists(value: Mapping): Mapping {
  return Object.fromEntries(
    Object.entries(value).map(([key, v]) => {
      if (key === "extraArgs") {
        return [
          key,
          Array.isArray(v) ? v.map((arg) => ({ name: "", value: "", ...mapping(arg) })) : listed(mapping(v)),
        ];
      }
      return [key, isMapping(v) ? withLists(v) : v];
    }),
  );
}

const listed = (args: Mapping): Mapping[] =>
  Object.keys(args)
    .sort()
    .map((name) => ({ name, value: args[name] }));

const said: Record<string, unknown> = {
  certificatesDir: defaults.certificatesDir,
  imageRepository: defaults.imageRepository,
  encryptionAlgorithm: defaults.encryptionAlgorithm,
  certificateValidityPeriod: defaults.certificateValidityPeriod,
  caCertificateValidityPeriod: defaults.caCertificateValidityPeriod,
  "networking.serviceSubnet": defaults.serviceSubnet,
  "networking.dnsDomain": defaults.dnsDomain,
  "etcd.local.dataDir": defaults.dataDir,
};

/** The ConfigMap has every default spelled out, and mappings with nothing in them. */
function withoutDefaults(value: Mapping, path = ""): Mapping {
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, v]) => {
      const here = `${path}${key}`;
      const kept = isMapping(v) ? withoutDefaults(v, `${here}.`) : v;
      return said[here] === kept || isNothing(kept) ? [] : [[key, kept]];
    }),
  );
}

const isNothing = (value: unknown): boolean =>
  value === undefined ||
  value === "" ||
  (Array.isArray(value) && value.length === 0) ||
  (isMapping(value) && Object.keys(value).length === 0);

/** A configuration with its defaults filled in, as text to compare; unchanged if the topology will refuse it. */
function meaning({ head, kubeadm, startupTimeout }: ClusterPart): string {
  const parsed = clusterSchema.safeParse(kubeadm);
  return JSON.stringify([head, parsed.success ? parsed.data : kubeadm, startupTimeout ?? "4m0s"]);
}

/** The endpoints of an external etcd; undefined if etcd is kubeadm's own. */
export function externalEndpoints(kubeadm: Mapping): string[] | undefined {
  const { external } = mapping(kubeadm.etcd);
  const { endpoints } = mapping(external);
  return external === undefined ? undefined : Array.isArray(endpoints) ? endpoints.map(String) : [];
}
