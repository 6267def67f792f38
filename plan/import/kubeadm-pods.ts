import { minorOf, rulesOf } from "../installers/kubeadm/versions";
import { argument } from "../runtimes/process";
import { programOf } from "../runtimes/static-pod/manifest";
import { debianCaFolders, defaults } from "../topology/kubeadm-defaults";
import { plainIp } from "../values/addresses";
import { isMapping, type Mapping, mapping } from "../values/mapping";
import type { Document } from "./kubeadm-documents";

/** What a host's own static pods say of it: neither the ConfigMap nor a Node has any of these. */
export interface SeenHost {
  name: string;
  item: string;
  address: string | undefined;
  /** Under the names of a topology's hosts[].kubeadm; `joined` among them. */
  settings: Mapping;
}

const component = ({ body }: Document): unknown => mapping(mapping(body.metadata).labels).component;
const nodeOf = ({ body }: Document): string => String(mapping(body.spec).nodeName ?? "");

/** A mirror pod is named after its Node as well, what kubeadm itself put into it by the component's name. */
const programIn = (pod: Document): Mapping => programOf(pod.body, String(component(pod)));

const listOf = (value: unknown): Mapping[] => (Array.isArray(value) ? value.filter(isMapping) : []);

/** The hosts of kube-apiservers among the mirror pods of `kubectl -n kube-system get pods -l tier=control-plane -o yaml`. */
export function hostsOfPods(pods: Document[]): SeenHost[] {
  return pods
    .filter((pod) => component(pod) === "kube-apiserver")
    .map((pod) => {
      const name = nodeOf(pod);
      const endpoint = String(
        mapping(mapping(pod.body.metadata).annotations)[
          "kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint"
        ],
      );
      const [, bracketed, plain, port] = /^(?:\[(.*)\]|([^:]*)):(\d+)$/.exec(endpoint) ?? [];
      const address = bracketed ?? plain;
      const etcd = pods.find((other) => component(other) === "etcd" && nodeOf(other) === name);
      return {
        name,
        item: pod.item,
        address: address === undefined ? undefined : plainIp(address),
        settings: {
          ...(etcd ? { joined: joinedBefore(etcd, name) } : {}),
          ...(port === undefined || Number(port) === defaults.bindPort ? {} : { bindPort: Number(port) }),
          ...startupPart(pod),
          ...folderPart(pod),
        },
      };
    });
}

/** The members that stood in the list when kubeadm wrote etcd's manifest; none if it was `kubeadm init`. */
function joinedBefore(etcd: Document, name: string): string[] {
  const { command: given } = programIn(etcd);
  const command = Array.isArray(given) ? given.map(String) : [];
  const members = (argument(command, "initial-cluster") ?? "").split(",").map((member) => member.split("=")[0] ?? "");
  return argument(command, "initial-cluster-state") === "existing" ? members.filter((member) => member !== name) : [];
}

function startupPart(pod: Document): Mapping {
  const { failureThreshold, periodSeconds } = mapping(programIn(pod).startupProbe);
  const seconds = Number(failureThreshold) * Number(periodSeconds);
  return Number.isNaN(seconds) || seconds === defaults.startupSeconds ? {} : { startupTimeout: `${seconds}s` };
}

/** kubeadm names the volume of a CA's folder by the folder's path. */
function folderPart({ body }: Document): Mapping {
  const folders = listOf(mapping(body.spec).volumes).flatMap((volume) => {
    const { path } = mapping(volume.hostPath);
    return typeof path === "string" && path.slice(1).replaceAll("/", "-") === volume.name ? [path] : [];
  });
  return folders.sort().join() === [...debianCaFolders].sort().join() ? {} : { caFolders: folders };
}

/**
 * The cluster's settings with what only its pods say: the variables `*_proxy` that kubeadm found in its environment, and etcd's image
 * if it isn't the one of the release that this program knows.
 */
export function withPods(kubeadm: Mapping, version: string, pods: Document[]): Mapping {
  const server = pods.find((pod) => component(pod) === "kube-apiserver");
  const etcd = pods.find((pod) => component(pod) === "etcd");
  const { extraEnvs } = mapping(kubeadm.apiServer);
  const own = new Set(listOf(extraEnvs).map(({ name }) => name));
  const proxyEnvs = (server ? listOf(programIn(server).env) : []).filter(
    ({ name }) => /_proxy$/i.test(String(name)) && !own.has(name),
  );
  const { local } = mapping(kubeadm.etcd);
  const tag = /:([^:/@]+)$/.exec(etcd ? String(programIn(etcd).image) : "")?.[1];
  const isUsual =
    mapping(kubeadm.etcd).external !== undefined ||
    minorOf(version) === undefined ||
    tag === undefined ||
    tag === knownTag(version);
  return {
    ...kubeadm,
    ...(mapping(local).imageTag !== undefined || isUsual
      ? {}
      : { etcd: { ...mapping(kubeadm.etcd), local: { ...mapping(local), imageTag: tag } } }),
    ...(proxyEnvs.length > 0 ? { proxyEnvs } : {}),
  };
}

function knownTag(version: string): string | undefined {
  try {
    return rulesOf(version).etcdTag;
  } catch {
    return undefined;
  }
}
