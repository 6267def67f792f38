import { memberName, peerUrl } from "./etcd";
import type { FailoverPlan } from "./failover";
import { factsOf, type Observation } from "./observation";
import { voters } from "./order";
import { argument } from "./process";
import { allHosts, type Host, type Topology } from "./topology";

/** What a guard says. A failed one stops `up`; preview shows them all and changes nothing anyway. */
export interface Verdict {
  guard: string;
  ok: boolean;
  /** What was found, in one line for people. */
  found: string;
}

export const verdict = (guard: string, problems: string[], fine: string): Verdict => ({
  guard,
  ok: problems.length === 0,
  found: problems.length === 0 ? fine : problems.join("; "),
});

const list = (hosts: Host[]): string => hosts.map((h) => h.name).join(", ") || "none";

/** Every guard of a failover, in the order in which a person would ask. They read, and never change anything. */
export function failoverGuards(topology: Topology, plan: FailoverPlan, seen: Observation): Verdict[] {
  const { settings, survivors, lostHosts, deployHost } = plan;
  const wanted = `${settings.lost}@${settings.epoch}`;
  const answers = [
    ...seen.answers.map((a) => `${a.replace(" ", " port ")} answers the operator`),
    ...survivors.flatMap((h) =>
      (factsOf(seen, h)?.answers ?? []).map((a) => `${a.replace(" ", " port ")} answers ${h.name}`),
    ),
  ];
  return [
    verdict(
      "confirmation",
      settings.confirm === wanted
        ? []
        : [
            `rke-dr:confirm must be "${wanted}", it is ${settings.confirm === undefined ? "not set" : `"${settings.confirm}"`}`,
          ],
      `the operator confirmed ${wanted}`,
    ),
    verdict(
      "attestation",
      settings.attest === "powered-off"
        ? []
        : [
            `rke-dr:attest must be "powered-off" (the operator's word that ${list(lostHosts)} are down and stay down), it is ${
              settings.attest === undefined ? "not set" : `"${settings.attest}"`
            }; forcing a new cluster beside a living majority loses that majority's writes`,
          ],
      `the operator attests that ${list(lostHosts)} are powered off`,
    ),
    verdict("lost side is silent", answers, `nothing of ${list(lostHosts)} answers at SSH, etcd or the API`),
    verdict("survivors reachable", reachability(survivors, seen), list(survivors)),
    verdict(
      "the hosts meant",
      strangers(topology, survivors, seen, plan),
      `they belong to cluster ${topology.cluster}`,
    ),
    verdict("epoch", epochProblems(plan, seen), `${settings.epoch} is newer than, or resumes, every survivor's`),
    quorum(topology, plan, seen),
    verdict("source", sourceProblems(plan, seen), sourceWords(plan)),
    verdict(
      "control plane",
      plan.apiServers.length > 0 ? [] : [`no control plane host survives the loss of ${settings.lost}`],
      list(plan.apiServers.map((a) => a.host)),
    ),
    verdict("tools on the survivors", tools(survivors, seen), "root, docker, flock, curl with --unix-socket"),
    verdict("disk space", diskProblems(plan, seen), "enough for what is set aside"),
    verdict("deploy host", deployProblems(plan, seen), deployWords(plan, seen)),
    verdict(
      "SSH from the deploy host",
      trustProblems(topology, plan, seen),
      `${deployHost.name} reaches ${list(survivors)}`,
    ),
    verdict("certificates", certificateProblems(plan, seen), "the API server's is valid"),
    verdict("clocks", clockProblems(survivors, seen), "survivors and operator agree within 5 s"),
  ];
}

export function reachability(hosts: Host[], seen: Observation): string[] {
  return hosts.flatMap((h) => {
    const facts = seen.hosts[h.name];
    return facts?.reachable ? [] : [`${h.name} (${h.address}): ${facts?.reason ?? "not looked at"}`];
  });
}

/** Hosts that belong to another cluster, or whose etcd is another member than the topology says. */
export function strangers(topology: Topology, hosts: Host[], seen: Observation, plan?: FailoverPlan): string[] {
  const etcd = plan?.etcd;
  const name = argument(etcd?.before?.cmd ?? [], "name");
  const peer = argument(etcd?.before?.cmd ?? [], "initial-advertise-peer-urls");
  return [
    ...hosts.flatMap((h) => {
      const cluster = factsOf(seen, h)?.cluster;
      return cluster === undefined || cluster === topology.cluster
        ? []
        : [`${h.name} (${h.address}) belongs to cluster ${cluster}, not to ${topology.cluster}`];
    }),
    ...(etcd && name !== undefined && name !== memberName(etcd.host)
      ? [`${etcd.host.name}'s etcd is named ${name}, not ${memberName(etcd.host)}`]
      : []),
    ...(etcd && peer !== undefined && peer !== peerUrl(etcd.host)
      ? [`${etcd.host.name}'s etcd is the peer ${peer}, not ${peerUrl(etcd.host)}`]
      : []),
  ];
}

function certificateProblems(plan: FailoverPlan, seen: Observation): string[] {
  const ends = factsOf(seen, plan.deployHost)?.deploy?.certificateEnds;
  return ends && Date.parse(ends) < seen.at ? [`the API server's certificate ended on ${ends}`] : [];
}

function epochProblems(plan: FailoverPlan, seen: Observation): string[] {
  return plan.survivors.flatMap((h) => {
    const facts = factsOf(seen, h);
    if (!facts) {
      return [];
    }
    if (facts.epoch > plan.settings.epoch) {
      return [`${h.name} is at epoch ${facts.epoch} (${facts.act}), an older epoch is refused: ${plan.settings.epoch}`];
    }
    if (facts.epoch === plan.settings.epoch && facts.act !== plan.act) {
      return [
        `${h.name} is at epoch ${facts.epoch} by another act (${facts.act}); this one is ${plan.act} and needs an epoch of its own`,
      ];
    }
    return [];
  });
}

/** A cluster that has quorum needs no recovery, and forcing one would throw the other members out. */
function quorum(topology: Topology, plan: FailoverPlan, _seen: Observation): Verdict {
  const all = voters(allHosts(topology));
  const left = voters(plan.survivors);
  const needed = Math.floor(all.length / 2) + 1;
  const words = `${left.length} of ${all.length} voters survive, a majority is ${needed}`;
  const alive = plan.sources.find((s) => s.etcd?.quorum);
  const problems: string[] = [];
  if (left.length >= needed) {
    problems.push(`${words}: etcd keeps its quorum without ${plan.settings.lost}, there is nothing to recover`);
  } else if (alive && !plan.resumed) {
    problems.push(`${alive.host.name}'s etcd answers a linearizable read: the cluster still has quorum`);
  }
  return verdict("quorum is lost", problems, plan.resumed ? `${words}; this act has begun already` : words);
}

function sourceProblems(plan: FailoverPlan, seen: Observation): string[] {
  const [source, second] = plan.sources;
  if (!source) {
    return [
      plan.settings.from === "auto" || plan.settings.from === "voter"
        ? `no voter survives the loss of ${plan.settings.lost}; recovery from a learner or a snapshot is not built yet`
        : `rke-dr:recover.from names no surviving voter: "${plan.settings.from}" (voters: ${list(voters(plan.survivors))})`,
    ];
  }
  if (second) {
    return [
      `${plan.sources.length} voters survive (${plan.sources.map((s) => s.host.name).join(", ")}): a failover with more than one is not built yet`,
    ];
  }
  const facts = factsOf(seen, source.host);
  if (facts && !plan.resumed && !facts.etcd && facts.etcdBytes === 0) {
    return [`${source.host.name} has no etcd data in /var/lib/etcd/member`];
  }
  if (source.etcd?.learner) {
    return [`${source.host.name}'s etcd is a learner: --force-new-cluster on a learner panics`];
  }
  return [];
}

function sourceWords(plan: FailoverPlan): string {
  const source = plan.sources[0];
  const state = source?.etcd ? `revision ${source.etcd.revision}` : "its etcd doesn't answer, its data folder is taken";
  return `${source?.host.name}, a voter: ${state}`;
}

export function tools(hosts: Host[], seen: Observation): string[] {
  return hosts.flatMap((h) => {
    const has = factsOf(seen, h)?.tools;
    if (!has) {
      return [];
    }
    return [
      ...(has.root ? [] : [`${h.name}: the SSH user is not root`]),
      ...(has.docker ? [] : [`${h.name}: docker doesn't answer`]),
      ...(has.curl ? [] : [`${h.name}: curl with --unix-socket (7.40 or later) is missing`]),
      ...(has.flock ? [] : [`${h.name}: flock is missing`]),
    ];
  });
}

/** A snapshot as large as the data, and a copy of the rest: twice the data folder is always enough. */
function diskProblems(plan: FailoverPlan, seen: Observation): string[] {
  const host = plan.sources[0]?.host;
  const facts = host && factsOf(seen, host);
  if (!facts || plan.resumed || facts.freeBytes >= 2 * facts.etcdBytes) {
    return [];
  }
  return [`${host.name}: ${facts.freeBytes} bytes are free below /var/lib, ${2 * facts.etcdBytes} are needed`];
}

function deployProblems(plan: FailoverPlan, seen: Observation): string[] {
  const host = plan.deployHost;
  const facts = factsOf(seen, host);
  if (!facts) {
    return [];
  }
  const needed = [
    "cluster.rkestate",
    "certs/kube-ca.pem",
    "certs/kube-admin.pem",
    "certs/kube-admin-key.pem",
    "ssh/id_ed25519",
  ];
  const missing = needed.filter((file) => !facts.deploy?.files.includes(file));
  return [
    ...(facts.tools.rke ? [] : [`${host.name}: rke is not on the PATH`]),
    ...missing.map(
      (file) => `${host.name}: /etc/rke-dr/${file} is missing; \`pulumi up --stack primary\` puts it there`,
    ),
  ];
}

/** The seed's trap: a kubeconfig that points at a dead master. It stops nothing, the act mends it. */
function deployWords(plan: FailoverPlan, seen: Observation): string {
  const server = factsOf(seen, plan.deployHost)?.deploy?.server;
  const dead = plan.lostHosts.find((h) => server?.includes(`//${h.address}:`));
  return [
    `${plan.deployHost.name} has rke, cluster.rkestate, certificates and an SSH key`,
    ...(dead ? [`its kubeconfig points at ${dead.name}, which is lost, and will be mended`] : []),
  ].join("; ");
}

function trustProblems(topology: Topology, plan: FailoverPlan, seen: Observation): string[] {
  const facts = factsOf(seen, plan.deployHost);
  if (!facts) {
    return [];
  }
  return plan.survivors.flatMap((h) => {
    const result = facts.trust[`${topology.ssh.user}@${h.address}:${topology.ssh.port}`];
    return result === "ok" ? [] : [`${plan.deployHost.name} to ${h.name}: ${result ?? "not tried, it has no key"}`];
  });
}

function clockProblems(hosts: Host[], seen: Observation): string[] {
  return hosts.flatMap((h) => {
    const skew = factsOf(seen, h)?.clockSkew ?? 0;
    return Math.abs(skew) > 5000
      ? [`${h.name} is ${(Math.abs(skew) / 1000).toFixed(1)} s ${skew > 0 ? "ahead" : "behind"}`]
      : [];
  });
}
