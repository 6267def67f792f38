/**
 * The part of a recovery that no procedure can avoid, measured alone: on the survivor itself, with containers made beforehand, nothing checked,
 * nothing kept, no snapshot saved, no network. etcd is forced or restored, started as RKE would and told to elect itself;
 * kube-apiserver is started as soon as that etcd's port is open.
 */
import { type Container, changed } from "./containers";

const local = "https://127.0.0.1:2379";
const inside = "/var/lib/rancher/etcd";

interface Body {
  name: string;
  body: object;
}

/** The source of the data: the member that is forced, its database, or a snapshot's path on the host. */
export type FloorSource = "force" | "database" | { snapshot: string };

/** Containers that are made before the act, for Docker's POST /containers/create. */
export function floorContainers(etcd: Container, apiServer: Container, source: FloorSource): Body[] {
  const value = (name: string) => etcd.Config.Cmd.find((arg) => arg.startsWith(`--${name}=`))?.split("=")[1] ?? "";
  const cluster = `${value("name")}=${value("initial-advertise-peer-urls")}`;
  const alone = { "initial-cluster": cluster, "initial-cluster-state": "new" };
  const haste = { "heartbeat-interval": "50", "election-timeout": "500", "listen-client-urls": local };
  const of = (name: string, container: Container, part: object, host: object = {}): Body => ({
    name,
    body: { ...container.Config, ...part, HostConfig: { ...container.HostConfig, ...host } },
  });
  const forced = [...changed(etcd.Config.Cmd, { ...alone, ...haste }), "--force-new-cluster", "--snapshot-count=1"];
  const restore = [
    ...["snapshot", "restore", source === "database" ? `${inside}/floor-aside/snap/db` : "/source.db"],
    ...["--data-dir", `${inside}/floor`, "--name", value("name"), "--initial-cluster", cluster, "--skip-hash-check"],
    ...["--initial-advertise-peer-urls", value("initial-advertise-peer-urls")],
  ];
  const binds = [...etcd.HostConfig.Binds, ...(typeof source === "object" ? [`${source.snapshot}:/source.db:ro`] : [])];
  const once = { Binds: binds, RestartPolicy: { Name: "no" } };
  return [
    source === "force"
      ? of("floor-recovery", etcd, { Cmd: forced }, once)
      : of("floor-recovery", etcd, { Entrypoint: ["etcdctl"], Cmd: restore }, once),
    of("floor-etcd", etcd, { Cmd: changed(etcd.Config.Cmd, alone) }),
    of("floor-apiserver", apiServer, {
      Entrypoint: changed(apiServer.Config.Entrypoint ?? [], { "etcd-servers": value("advertise-client-urls") }),
    }),
  ];
}

export function makeContainers(bodies: Body[]): string {
  return bodies
    .map(
      ({ name, body }) =>
        `curl -sSf --unix-socket /var/run/docker.sock -H 'Content-Type: application/json' --data-binary @- 'http://docker/containers/create?name=${name}' >/dev/null <<'end of body'\n${JSON.stringify(body)}\nend of body`,
    )
    .join("\n");
}

const force = (certificate: string): string => `
docker start floor-recovery >/dev/null
elect &
until ask ${certificate} ${local}/health 2; do sleep 0.05; done
docker stop -t 30 floor-recovery >/dev/null`;

const restore = `
mv /var/lib/etcd/member /var/lib/etcd/floor-aside
docker start -a floor-recovery >/dev/null 2>&1
mv /var/lib/etcd/floor/member /var/lib/etcd/member`;

/**
 * @param certificate of the member; @param etcd the URL by which API servers reach it
 * @param campaign the scripts by which etcd is told to elect itself: waiting for an election by chance can be avoided; "" to wait
 */
export function floorScript(certificate: string, etcd: string, source: FloorSource, campaign: string): string {
  const peer = etcd.replace(/:2379$/, ":2380");
  return `${campaign}
elect() { ${campaign === "" ? "true" : `for _ in {1..200}; do if campaign ${peer} ${certificate}; then break; fi; sleep 0.05; done`}; }
ssl=/etc/kubernetes/ssl
ask() { curl -s -o /dev/null --cacert $ssl/kube-ca.pem --cert $ssl/$1.pem --key $ssl/$1-key.pem --max-time "$3" -f "$2" 2>/dev/null; }
open() { local status=0; ask kube-node ${etcd}/health 0.4 || status=$?; ((status == 0 || status == 28)); }
docker update --restart=no etcd kube-apiserver >/dev/null
docker kill etcd kube-apiserver >/dev/null
${source === "force" ? force(certificate) : restore}
docker start floor-etcd >/dev/null
elect &
until open; do sleep 0.05; done
docker start floor-apiserver >/dev/null
until ask kube-node https://127.0.0.1:6443/readyz 2; do sleep 0.05; done
`;
}
