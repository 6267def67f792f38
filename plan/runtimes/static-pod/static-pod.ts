import { isMapping, type Mapping } from "../../values/mapping";
import { commandOf, differences, type Process } from "../process";
import type { Running } from "../running";
import type { Runtime, SpecOptions } from "../runtime";
import { goYaml, type Plain } from "./go-yaml";
import { mainContainer, readManifest } from "./manifest";

/** Marks the manifests that this program wrote; kubeadm writes no annotation of this name and compares none. */
const epochAnnotation = "rke-dr.epoch";

/** The kubelet's static pods (on-host/runtimes/static-pod.sh). */
export const staticPod: Runtime = {
  name: "static-pod",
  daemon: {
    name: "containerd",
    // $runtime_folder of on-host/runtimes/static-pod.sh
    folder: "/var/lib/kubelet",
    restart: "`crictl version` there says why; `systemctl restart containerd` leaves pods running",
  },
  commands: {
    // whatever stopped a pod, a kubelet that is started anew starts those whose manifests lie in its folder
    start: () => "systemctl restart kubelet",
    stop: (names) => `systemctl stop kubelet; crictl stop $(crictl ps -q --name '^(${names.join("|")})$')`,
    bringBack: (aside, name) => `mv /var/lib/rke-dr/pods/${aside}.yaml /etc/kubernetes/manifests/${name}.yaml`,
    show: (name) => `cat /etc/kubernetes/manifests/${name}.yaml`,
    why: (name) => `crictl ps -a --name ${name}`,
    gone: (name) =>
      `/etc/kubernetes/manifests/${name}.yaml isn't there: \`ls /etc/kubernetes/*/${name}.yaml\` finds it if its folder has another name; copy that folder's files back into /etc/kubernetes/manifests, and the kubelet starts them`,
    pull: (image) => `crictl pull ${image}`,
    carry: (image) => ({
      from: `ctr -n k8s.io images export image.tar ${image}`,
      to: "ctr -n k8s.io images import image.tar",
    }),
    prune: "crictl rmi --prune",
  },
  runsOnceIsolated: true,
  sharesNetworks: false,
  read,
  spec,
  // systemd runs what stays on the host: it needs neither an image nor a pod
  resident: () => "",
  differs,
};

/**
 * A line of `process_describe`: the manifest as it lies on the host, in base64, beside what the kubelet's containers say. Of a process
 * that is a unit of systemd: its command, an argument a line, likewise.
 */
interface Line {
  name: string;
  status: string;
  restarts: number;
  startedAt: string;
  manifest?: string;
  command?: string;
}

function read(line: string): Running {
  const { name, status, restarts, startedAt, manifest, command } = JSON.parse(line) as Line;
  const seen = { name, status, startedAt, restarts };
  if (manifest === undefined) {
    const entrypoint = text(command ?? "")
      .trimEnd()
      .split("\n");
    const bare = { image: "", cmd: [], env: [], binds: [], volumesFrom: [], labels: {} };
    return { ...seen, epoch: undefined, process: { name, entrypoint, ...bare }, reported: {} };
  }
  const { pod } = readManifest(text(manifest), `manifest of ${name}`);
  const epoch = mapping(mapping(pod.metadata).annotations)[epochAnnotation];
  return {
    ...seen,
    epoch: epoch === undefined ? undefined : Number(epoch),
    process: processOf(name, pod),
    reported: pod,
  };
}

/** A pod's main container as a process. */
export function processOf(name: string, pod: Mapping): Process {
  const [metadata, podSpec] = [mapping(pod.metadata), mapping(pod.spec)];
  const container = mainContainer(pod) ?? {};
  return {
    name,
    image: String(container.image ?? ""),
    entrypoint: words(container.command),
    cmd: words(container.args),
    env: mappings(container.env).map((one) => `${one.name}=${one.value ?? ""}`),
    binds: bindsOf(podSpec, container),
    volumesFrom: [],
    labels: Object.fromEntries(Object.entries(mapping(metadata.labels)).map(([key, value]) => [key, String(value)])),
  };
}

/** Mounts of the host's own files, as HOST:CONTAINER or HOST:CONTAINER:ro. */
function bindsOf(podSpec: Mapping, container: Mapping): string[] {
  const paths = new Map(mappings(podSpec.volumes).map((v) => [v.name, mapping(v.hostPath).path]));
  return mappings(container.volumeMounts).flatMap(({ name, mountPath, readOnly }) => {
    const path = paths.get(name);
    return typeof path === "string" ? [`${path}:${mountPath}${readOnly === true ? ":ro" : ""}`] : [];
  });
}

/**
 * "pod:" and the manifest in base64; or, for a process without network, which no static pod can be, "unit:" and the arguments of
 * run_alone, each in base64, joined by commas.
 */
function spec(process: Process, epoch: number, { base, once, isolated }: SpecOptions = {}): string {
  if (isolated) {
    return `unit:${aloneArguments(process).map(base64).join(",")}`;
  }
  const replaced = (base?.reported ?? process.template) as Mapping | undefined;
  const mounts = process.binds.map((bind, i) => ({ ...mountOf(bind), name: `bind-${i}` }));
  const [metadata, podSpec] = [mapping(replaced?.metadata), mapping(replaced?.spec)];
  const container = replaced && mainContainer(replaced);
  const own = {
    ...(container ?? { name: process.name, imagePullPolicy: "IfNotPresent" }),
    image: process.image,
    command: process.entrypoint.length > 0 ? process.entrypoint : undefined,
    args: process.cmd.length > 0 ? process.cmd : undefined,
    env: container && process.env.length === 0 ? undefined : environment(process.env, mappings(container?.env)),
    ...(container ? {} : { volumeMounts: mounts.map(({ hostPath: _, ...mount }) => mount) }),
  };
  const pod = {
    ...(replaced ?? { apiVersion: "v1", kind: "Pod" }),
    metadata: {
      ...metadata,
      name: metadata.name ?? process.name,
      namespace: metadata.namespace ?? "kube-system",
      labels: process.labels,
      annotations: { ...mapping(metadata.annotations), [epochAnnotation]: String(epoch) },
    },
    spec: {
      ...(replaced ? podSpec : { hostNetwork: true, priorityClassName: "system-node-critical" }),
      ...(once ? { restartPolicy: "Never" } : {}),
      containers: container ? mappings(podSpec.containers).map((c) => (c === container ? own : c)) : [own],
      ...(replaced ? {} : { volumes: mounts.map(({ name, hostPath }) => ({ name, hostPath: { path: hostPath } })) }),
    },
  };
  return `pod:${base64(goYaml(pod as unknown as Plain))}`;
}

function aloneArguments({ name, image, entrypoint, cmd, env, binds, labels }: Process): string[] {
  const [program = "", ...rest] = commandOf({ entrypoint, cmd } as Process);
  return [
    image,
    program,
    "--name",
    name,
    ...env.flatMap((variable) => ["--env", variable]),
    ...Object.keys(labels).flatMap((mark) => ["--mark", mark]),
    ...binds.map(mountOf).flatMap((m) => [m.readOnly ? "--read" : "--write", `${m.hostPath}:${m.mountPath}`]),
    "--",
    ...rest,
  ];
}

function mountOf(bind: string): { hostPath: string; mountPath: string; readOnly?: true } {
  const [hostPath = "", mountPath = "", mode = ""] = bind.split(":");
  return { hostPath, mountPath, ...(mode.split(",").includes("ro") ? { readOnly: true } : {}) };
}

/** Variables as the manifest has them: one whose value comes from elsewhere (`valueFrom`) has none in a plan, and stays as it is. */
const environment = (variables: string[], before: Mapping[]): Mapping[] =>
  variables.map(variableOf).map(({ name, value }) => {
    const same = before.find((one) => one.name === name && String(one.value ?? "") === value);
    return same ?? { name, value };
  });

function variableOf(variable: string): { name: string; value: string } {
  const at = variable.indexOf("=");
  return { name: variable.slice(0, at), value: variable.slice(at + 1) };
}

/** kubeadm compares nothing: the lines say what its own phases would write anew. */
function differs(planned: Process, found: Process): string[] {
  return [
    ...differences([planned.image], [found.image]),
    ...differences(commandOf(planned), commandOf(found)),
    ...differences(planned.env, found.env),
    ...differences(planned.binds, found.binds),
  ];
}

const text = (encoded: string): string => Buffer.from(encoded, "base64").toString("utf8");
const base64 = (plain: string): string => Buffer.from(plain, "utf8").toString("base64");
const mapping = (value: unknown): Mapping => (isMapping(value) ? value : {});
const mappings = (value: unknown): Mapping[] => (Array.isArray(value) ? value.filter(isMapping) : []);
const words = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);
