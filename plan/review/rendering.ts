import { planFailover } from "../acts/failover/failover";
import type { FailoverPlan } from "../acts/failover/plan";
import { planPrimary } from "../acts/primary/primary";
import { clientUrl } from "../etcd/urls";
import type { Certificate } from "../installers/certificate";
import { certificateDays, certificateKeyBits, certificates } from "../installers/rke/certificates";
import { clusterYmlText } from "../installers/rke/cluster-yml";
import { etcdProcess } from "../installers/rke/etcd";
import { kubeApiServerProcess } from "../installers/rke/kube-apiserver";
import { joiningProcess, learnerCertificate } from "../installers/rke/learner";
import type { Process } from "../runtimes/process";
import type { ScheduledStep } from "../steps/steps";
import { controlPlane, learner, survivors, voters } from "../topology/order";
import { inPeace, type Site } from "../topology/site";
import { allHosts, type Host, type Topology } from "../topology/topology";
import { type Analysis, analyse, nothingSeen, refusals } from "./analysis";

/** The stack, and for a failover the lost datacenter. */
export type Act = { stack: "primary" } | { stack: "failover"; lost: string };

/** A container in the shape of RKE's recorded plans: lists sorted, since their order means nothing to RKE. */
export interface RenderedProcess {
  name: string;
  command?: string[];
  args?: string[];
  /** Absent if there is none, as in the recordings. */
  env?: string[];
  image: string;
  volumesFrom?: string[];
  binds: string[];
  networkMode: "host";
  restartPolicy: "always" | "no";
  healthCheck?: { url: string };
  labels: Record<string, string>;
  user?: string;
}

export interface RenderedCertificate {
  commonName: string;
  dnsNames: string[];
  extKeyUsage: string[];
  ipAddresses: string[];
  isCA: boolean;
  issuer: string;
  keyBits: number;
  keyPath: string;
  keyUsage: string[];
  organization: string[] | null;
  path: string;
  signatureAlgorithm: "SHA256-RSA";
  validDays: number;
}

/** Everything that one stack would run, as plain data. */
export interface Rendering {
  clusterYml: string;
  /** The final state, by "HOST/etcd" and "HOST/kube-apiserver"; a learner's etcd, which RKE doesn't know, among them. */
  processes: Record<string, RenderedProcess>;
  /** Containers that run only during the act. */
  transient: Record<string, RenderedProcess>;
  certificates: Record<string, RenderedCertificate>;
  analysis: Analysis;
  /** Why the failover would refuse; then nothing changes, and this rendering says what goes on running. */
  refused: string[];
}

/** Epochs as in a cluster's first failover. */
const firstFailover = 2;

/** The architecture that RKE writes into etcd's environment is the host's; nothing is seen here, so the usual one. */
const architecture = "x86_64";

export function render(topology: Topology, act: Act): Rendering {
  const refused = act.stack === "failover" ? refusals(topology, act.lost) : [];
  const lost = act.stack === "failover" && refused.length === 0 ? act.lost : undefined;
  const plan = lost === undefined ? undefined : failoverPlan(topology, lost);
  const site = plan?.site ?? inPeace(topology);
  const running = site.hosts.filter((h) => act.stack === "primary" || h.datacenter !== act.lost);
  const follower = learner(running);
  return {
    clusterYml: clusterYmlText(site),
    processes: byKey(
      running.flatMap((h) => [
        ...(h === follower ? [[`${h.name}/etcd`, following(site, h)] as const] : []),
        ...voters([h]).map((v) => [`${v.name}/etcd`, etcd(site, v)] as const),
        ...controlPlane([h]).map((c) => [`${c.name}/kube-apiserver`, apiServer(site, c)] as const),
      ]),
    ),
    transient: plan ? transient(plan) : {},
    certificates: byKey(
      [...certificates(site), ...(follower ? [learnerCertificate(site, follower)] : [])].map(
        (c) => [c.name, certificate(c)] as const,
      ),
    ),
    analysis: analyse(topology),
    refused,
  };
}

/** The failover's plan when nothing has been seen yet: RKE's own containers are taken to run. */
export function failoverPlan(topology: Topology, lost: string): FailoverPlan {
  return planFailover(
    topology,
    { lost, epoch: firstFailover, from: "auto", confirm: undefined, attest: undefined },
    nothingSeen,
  );
}

export const primarySteps = (topology: Topology): ScheduledStep[] => planPrimary(topology, 1, nothingSeen).steps;

const etcd = (site: Site, host: Host): RenderedProcess =>
  inGoldenShape(etcdProcess(site, host, architecture), `${clientUrl(host)}/health`);

const following = (site: Site, host: Host): RenderedProcess =>
  inGoldenShape(joiningProcess(site, host, architecture), `${clientUrl(host)}/health`);

const apiServer = (site: Site, host: Host): RenderedProcess =>
  inGoldenShape(kubeApiServerProcess(site, host), "https://localhost:6443/healthz");

function inGoldenShape(process: Process, health: string): RenderedProcess {
  const arguments_ = process.entrypoint.filter((word) => word.startsWith("--"));
  const program = process.entrypoint.filter((word) => !word.startsWith("--"));
  return {
    name: process.name,
    ...(process.entrypoint.length > 0 ? { command: [...program, ...arguments_.sort()] } : {}),
    ...(process.cmd.length > 0 ? { args: [...process.cmd].sort() } : {}),
    ...(process.env.length > 0 ? { env: [...process.env].sort() } : {}),
    image: process.image,
    ...(process.volumesFrom.length > 0 ? { volumesFrom: process.volumesFrom } : {}),
    binds: process.binds,
    networkMode: "host",
    restartPolicy: "always",
    healthCheck: { url: health },
    labels: process.labels,
    ...(process.user === undefined ? {} : { user: process.user }),
  };
}

/** A body of Docker's containers/create, as far as steps write it. */
interface CreateBody {
  Image: string;
  Cmd: string[] | null;
  Env: string[];
  Labels: Record<string, string>;
  HostConfig: { Binds: string[]; RestartPolicy: { Name: "always" | "no" } };
}

/**
 * The containers that the etcd step starts for a while before the lasting one. They are read from the step's own data (one
 * create body a line, the lasting container's last), so that the rendering shows exactly the containers that would run.
 */
function transient(plan: FailoverPlan): Record<string, RenderedProcess> {
  const found = plan.steps.flatMap((step) => {
    const bodies = step.data
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line) as CreateBody);
    return step.part === "EtcdMember" ? bodies.slice(0, -1).map((body) => ({ host: step.host, body })) : [];
  });
  return byKey(
    found.map(({ host, body }) => [
      `${host.name}/etcd`,
      {
        name: "etcd",
        args: [...(body.Cmd ?? [])].sort(),
        env: [...body.Env].sort(),
        image: body.Image,
        binds: body.HostConfig.Binds,
        networkMode: "host",
        restartPolicy: body.HostConfig.RestartPolicy.Name,
        labels: body.Labels,
      },
    ]),
  );
}

function certificate(c: Certificate): RenderedCertificate {
  return {
    commonName: c.commonName,
    dnsNames: c.dnsNames,
    extKeyUsage: [...c.extKeyUsage].sort(),
    ipAddresses: c.ipAddresses,
    isCA: c.issuer === c.name,
    issuer: c.issuer,
    keyBits: certificateKeyBits,
    keyPath: `/etc/kubernetes/ssl/${c.name}-key.pem`,
    keyUsage: [...c.keyUsage].sort(),
    organization: c.organization.length > 0 ? c.organization : null,
    path: `/etc/kubernetes/ssl/${c.name}.pem`,
    signatureAlgorithm: "SHA256-RSA",
    validDays: certificateDays,
  };
}

function byKey<T>(entries: (readonly [string, T])[]): Record<string, T> {
  return Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The lost datacenter if the command names none: the only one besides the standby; undefined if there are several. */
export function onlyOther(topology: Topology): string | undefined {
  const others = topology.datacenters.filter((dc) => dc.name !== topology.standby);
  return others.length === 1 ? others[0]?.name : undefined;
}

export const hostsOf = (topology: Topology, act: Act): Host[] =>
  act.stack === "primary" ? allHosts(topology) : survivors(topology, act.lost);
