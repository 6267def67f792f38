/** The procedure of an expert who knows every command by heart and never stops to think. */
import { parseDocument, type YAMLMap, type YAMLSeq } from "yaml";
import type { Container } from "./containers";
import { electionLog } from "./election";

/** The file in which the script keeps the first etcd's log of its election, for the benchmark: `rke up` makes another etcd. */
export const electionFile = "/var/lib/rke-dr-bench-election";

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

/**
 * The commands on the survivor, as one shell script: etcd is stopped, renamed and started with `--force-new-cluster` under
 * RKE's own arguments; when it is healthy cluster.yml loses the lost hosts and RKE does the rest.
 *
 * @param etcd as `docker inspect` gives it: `runlike`, or a look at RKE's plan, tells an expert the same
 * @param clusterYml the file without the lost hosts
 */
export function byHand(etcd: Container, clusterYml: string): string {
  const name = etcd.Config.Cmd.find((arg) => arg.startsWith("--name="))?.slice("--name=".length);
  const peer = etcd.Config.Cmd.find((arg) => arg.startsWith("--initial-advertise-peer-urls="))?.split("=")[1];
  const cmd = etcd.Config.Cmd.map((arg) =>
    arg.startsWith("--initial-cluster=") ? `--initial-cluster=${name}=${peer}` : arg,
  );
  const start = [
    "docker run --detach --name=etcd --network=host --restart=always",
    ...Object.entries(etcd.Config.Labels).map(([key, value]) => `--label=${quoted(`${key}=${value}`)}`),
    ...etcd.Config.Env.map((entry) => `--env=${quoted(entry)}`),
    ...etcd.HostConfig.Binds.map((bind) => `--volume=${quoted(bind)}`),
    etcd.Config.Image,
    ...[...cmd, "--force-new-cluster"].map(quoted),
  ].join(" ");
  return [
    "set -e",
    "docker stop etcd",
    "docker rename etcd etcd-old",
    start,
    "until docker exec etcd etcdctl endpoint health; do sleep 0.2; done",
    "docker exec etcd etcdctl member list",
    `(${electionLog("etcd")}) >${electionFile}`,
    "cd /etc/rke-dr",
    `cat >cluster.yml <<'end of cluster.yml'\n${clusterYml}\nend of cluster.yml`,
    "rke up --config cluster.yml --ignore-docker-version",
    "",
  ].join("\n");
}

/** cluster.yml without some of its nodes, by address. */
export function withoutNodes(clusterYml: string, addresses: readonly string[]): string {
  const document = parseDocument(clusterYml);
  const nodes = document.get("nodes") as YAMLSeq<YAMLMap>;
  nodes.items = nodes.items.filter((node) => !addresses.includes(String(node.get("address"))));
  return document.toString();
}
