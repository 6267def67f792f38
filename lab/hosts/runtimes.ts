/** The runtimes of containers on a host, as the lab asks them: always by a command on the host itself. */

export interface HostContainer {
  name: string;
  image: string;
  /** In the runtime's own words: "running", "exited". */
  state: string;
}

export interface HostRuntime {
  /** The daemon's name for people. */
  daemon: "dockerd" | "containerd" | "systemd";
  /** A command that succeeds if the daemon answers. */
  ping: string[];
  /** A command that lists all containers, and how to read what it prints. */
  list: string[];
  read(listed: string): HostContainer[];
  /** A command that prints the process ID of the running container NAME; it fails or prints 0 if there is none. */
  pid(name: string): string[];
  /** A command that starts what has stopped over a fault; a container that runs or is gone is left alone. */
  revive(name: string): string[];
}

const shell = (script: string, ...args: string[]): string[] => ["bash", "-c", script, ...args];

export const docker: HostRuntime = {
  daemon: "dockerd",
  ping: ["curl", "-sf", "-m", "3", "--unix-socket", "/var/run/docker.sock", "-o", "/dev/null", "http://docker/_ping"],
  list: ["docker", "ps", "-a", "--format", "{{.Names}}\t{{.Image}}\t{{.State}}"],
  read: (listed) =>
    listed
      .split("\n")
      .filter(Boolean)
      .map((line) => {
        const [name = "", image = "", state = ""] = line.split("\t");
        return { name, image, state };
      }),
  pid: (name) => ["docker", "inspect", "--type=container", "-f", "{{.State.Pid}}", name],
  revive: (name) =>
    shell('[ "$(docker inspect -f "{{.State.Running}}" "$0" 2>/dev/null)" != false ] || docker start "$0"', name),
};

/** The kubelet's containers under their names in the pod, each only as it was last made. */
export const containerd: HostRuntime = {
  daemon: "containerd",
  ping: ["ctr", "--connect-timeout", "3s", "version"],
  list: ["crictl", "ps", "-a", "-o", "json"],
  read: readCri,
  pid: (name) =>
    shell(`crictl inspect -o go-template --template '{{.info.pid}}' $(crictl ps -q --name "^$0$" | head -n 1)`, name),
  // the kubelet starts all of them by itself, but waits up to five minutes; a new kubelet doesn't
  revive: () => ["systemctl", "restart", "kubelet"],
};

/** etcd as a unit of systemd, and the kubelet's containers on hosts that have a kubelet. */
export const systemd: HostRuntime = {
  daemon: "systemd",
  // multi-user.target waits for etcd, which isn't ready without a quorum
  ping: shell(
    "systemctl is-active -q basic.target && { [ ! -e /etc/systemd/system/kubelet.service ] || ctr --connect-timeout 3s version; }",
  ),
  list: shell(
    `[ ! -e /etc/systemd/system/kubelet.service ] || crictl ps -a -o json
    echo; echo "$(systemctl show -P ActiveState etcd.service) $(systemctl show -P LoadState etcd.service)"; command -v etcd`,
  ),
  read: (listed) => {
    const [, json = "", active = "", loaded = "", image = ""] =
      /^([\s\S]*?)\n?(\w+) ([\w-]+)\n(.*)\n?$/.exec(listed) ?? [];
    const etcd = loaded === "loaded" ? [{ name: "etcd", image, state: active === "active" ? "running" : active }] : [];
    return [...etcd, ...readCri(json.trim())];
  },
  pid: (name) => (name === "etcd" ? ["systemctl", "show", "-P", "MainPID", "etcd.service"] : containerd.pid(name)),
  revive: (name) => (name === "etcd" ? ["systemctl", "start", "--no-block", "etcd.service"] : containerd.revive(name)),
};

/** Reads `crictl ps -a -o json`. */
export function readCri(listed: string): HostContainer[] {
  const { containers = [] } = JSON.parse(listed || "{}") as { containers?: CriContainer[] };
  const lastMade = new Map<string, CriContainer>();
  for (const container of [...containers].sort((a, b) => Number(a.createdAt) - Number(b.createdAt)))
    lastMade.set(container.metadata.name, container);
  return [...lastMade.values()]
    .map(({ metadata, image, state }) => ({
      name: metadata.name,
      image: image.userSpecifiedImage || image.image,
      state: state.replace(/^CONTAINER_/, "").toLowerCase(),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

interface CriContainer {
  metadata: { name: string };
  image: { image: string; userSpecifiedImage?: string };
  state: string;
  /** Nanoseconds since 1970, as text. */
  createdAt: string;
}
