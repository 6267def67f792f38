import { createConnection } from "node:net";
import { onHostScript } from "../on-host";
import type { SourceSearch } from "../plan/etcd/source-search";
import { type HostFacts, lateAnswersFollow, parseFacts, withLateAnswers } from "../plan/facts/facts";
import type { Observation } from "../plan/facts/observation";
import { dialectOf } from "../plan/installers/dialect";
import { installerOf } from "../plan/installers/installers";
import { hasEtcdOrApi } from "../plan/topology/order";
import { apiPort } from "../plan/topology/servers";
import { type Host, sshLogin, sshTarget, type Topology } from "../plan/topology/topology";
import { type Route, throughBastion } from "../reach/bastion";
import { remoteBash } from "../reach/command-line";
import { Semaphore } from "../reach/semaphore";
import { RefusedError, runOverSsh } from "../reach/ssh";
import type { SshAccess } from "../reach/ssh-access";
import { readCertificates } from "./certificates";

/** Ports that a living host of this role accepts: SSH, etcd's client and peer ports, the API. */
const servingPorts = (access: SshAccess, host: Host): number[] => [
  sshLogin(access, host).port,
  ...(host.etcd === "none" ? [] : [2379, 2380]),
  ...(host.roles.includes("controlplane") ? [apiPort(host)] : []),
];
/** Milliseconds. A SYN that got lost is sent again after one second (RFC 6298), the next time after three. */
const probeLimit = 1300;
/**
 * SSH handshakes at once. Each costs this process milliseconds of computing; behind hundreds of others a host's handshake would run into
 * its time limit. The command that follows a handshake isn't counted.
 */
const handshakesAtOnce = 16;

/** A look at the hosts, all at once and read-only; it never throws for a host that can't be reached. */
export interface Look {
  /** The hosts' facts, and the answers of the lost side so far: a living host answers within milliseconds. */
  soon: Promise<Observation>;
  /** The same, with all answers of the lost side: available after the time limit of the probes (1.3 s). */
  whole: Promise<Observation>;
}

/**
 * Begins to look at the hosts.
 *
 * @param hosts whose facts are wanted
 * @param lost hosts that must not answer: only their ports are tried, from here and from the hosts in `hosts`
 * @param sources snapshots to look for; undefined: none
 * @param installer the program that made the hosts
 */
export function observe(
  hosts: Host[],
  lost: Host[],
  access: SshAccess,
  epoch: number,
  sources?: SourceSearch,
  installer: Topology["installer"] = "rke",
): Look {
  const trust = hosts.map((h) => sshTarget({ ssh: access }, h)).join(" ");
  const command = (host: Host) =>
    remoteBash(
      sshLogin(access, host).user,
      [
        epoch,
        probeLimit / 1000,
        probesBy(host, lost, access),
        trust,
        sources?.file ?? "",
        sources?.peers.join(",") ?? "",
        sources?.logs && host.etcd !== "none" ? "logs" : "",
      ],
      { seconds: 30, killAfter: 2 },
    );
  const route = throughBastion(access);
  const handshakeSlots = new Semaphore(handshakesAtOnce);
  const looks = hosts.map((h) => lookAt(h, access, command(h), route, handshakeSlots, installer));
  const asking = answersBy(route, lost, access);
  const seen = (facts: HostFacts[], answers: string[]): Observation => ({
    hosts: Object.fromEntries(facts.map((f) => [f.host, f])),
    answers,
    at: Date.now(),
  });
  const soon = Promise.all(looks.map((l) => l.soon)).then((facts) => seen(facts, asking.soFar()));
  const whole = Promise.all([soon, asking.all, ...looks.map((l) => l.whole)])
    .then(([{ at }, answers, ...facts]) => ({ ...seen(facts, answers), at }))
    .finally(() => route?.end());
  return { soon, whole };
}

interface Probe {
  host: Host;
  address: string;
  port: number;
}

function probesOf(lost: Host[], access: SshAccess): Probe[] {
  return lost.flatMap((h) =>
    [...new Set([h.address, h.internalAddress])].flatMap((address) =>
      servingPorts(access, h).map((port) => ({ host: h, address, port })),
    ),
  );
}

/** A host with etcd or the API probes every lost host; a worker only lost members of etcd, since hundreds of workers would add nothing. */
function probesBy(host: Host, lost: Host[], access: SshAccess): string {
  return probesOf(hasEtcdOrApi(host) ? lost : lost.filter((h) => h.etcd !== "none"), access)
    .map((p) => `${p.host.name}=${p.address}:${p.port}`)
    .join(" ");
}

/** Ports of these hosts that answer the operator, as "HOST PORT" or "HOST PORT refused"; takes at most 1.3 s, with a bastion 8 s more. */
export async function answersOf(lost: Host[], access: SshAccess): Promise<string[]> {
  const route = throughBastion(access);
  return answersBy(route, lost, access).all.finally(() => route?.end());
}

function answersBy(
  route: Route | undefined,
  lost: Host[],
  access: SshAccess,
): { soFar: () => string[]; all: Promise<string[]> } {
  // sorted by host, not by time of answer
  const heard: string[][] = [];
  const soFar = () => [...new Set(heard.flat())];
  const asked = probesOf(lost, access).map(async ({ host, address, port }, at) => {
    const answer = await (route ? answerBehind(route, address, port) : answerAt(address, port));
    heard[at] = answer === "none" ? [] : [`${host.name} ${port}${answer === "refused" ? " refused" : ""}`];
  });
  return { soFar, all: Promise.all(asked).then(soFar) };
}

function lookAt(
  host: Host,
  access: SshAccess,
  command: string,
  route: Route | undefined,
  handshakeSlots: Semaphore,
  installer: Topology["installer"],
): { soon: Promise<HostFacts>; whole: Promise<HostFacts> } {
  let output = "";
  let facts: HostFacts | undefined;
  let tell: (facts: HostFacts) => void = () => {};
  const told = new Promise<HostFacts>((resolve) => {
    tell = resolve;
  });
  const read = () =>
    attempt(host, () =>
      parseFacts(host.name, output, Date.now(), readCertificates, installerOf({ installer }).runtimeOn(host)),
    );
  const onStdout = (text: string) => {
    output += text;
    if (facts === undefined && lateAnswersFollow(output)) {
      facts = read();
      tell(facts);
    }
  };
  const whole = handshakeSlots
    .take(async (onReady) => {
      const stream = await route?.open(host.address, sshLogin(access, host).port);
      await runOverSsh(host, access, command, onHostScript("look/facts", dialectOf({ installer }, host)), {
        stream,
        onStdout,
        onReady,
      });
      return withLateAnswers(facts ?? read(), output);
    })
    .catch((error: unknown) => unreachable(host, error));
  return { soon: Promise.race([told, whole]), whole };
}

function attempt(host: Host, work: () => HostFacts): HostFacts {
  try {
    return work();
  } catch (error) {
    return unreachable(host, error);
  }
}

const unreachable = (host: Host, error: unknown): HostFacts => ({
  reachable: false,
  host: host.name,
  reason: error instanceof Error ? error.message : String(error),
  ...(error instanceof RefusedError ? { refusal: error.refusal } : {}),
});

type Answer = "accepted" | "refused" | "none";

function answerAt(address: string, port: number): Promise<Answer> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: address, port });
    const end = (answer: Answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(probeLimit, () => end("none"));
    socket.once("connect", () => end("accepted"));
    // a refusal is an answer, too: of a kernel that lives
    socket.once("error", (error: NodeJS.ErrnoException) => end(error.code === "ECONNREFUSED" ? "refused" : "none"));
  });
}

/** The same by way of the bastion, which reports a refused connection as an error text of its own. */
async function answerBehind(route: Route, address: string, port: number): Promise<Answer> {
  // what the bastion itself takes to let the operator in says nothing of the host behind
  await route.settled;
  const heard = route.open(address, port).then(
    (stream): Answer => {
      stream.destroy();
      return "accepted";
    },
    (error: unknown): Answer => (/connection refused/i.test(String(error)) ? "refused" : "none"),
  );
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<Answer>((resolve) => {
    timer = setTimeout(() => resolve("none"), probeLimit);
  });
  return Promise.race([heard, silence]).finally(() => clearTimeout(timer));
}
