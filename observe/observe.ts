import { onHostScript } from "../on-host";
import type { SourceSearch } from "../plan/etcd/source-search";
import { type HostFacts, lateAnswersFollow, parseFacts, withLateAnswers } from "../plan/facts/facts";
import type { Observation } from "../plan/facts/observation";
import { dialectOf } from "../plan/installers/dialect";
import { installerOf } from "../plan/installers/installers";
import { hasEtcdOrApi } from "../plan/topology/order";
import { type Host, sshLogin, sshTarget, type Topology } from "../plan/topology/topology";
import { type Route, throughBastion } from "../reach/bastion";
import { remoteBash } from "../reach/command-line";
import { Semaphore } from "../reach/semaphore";
import { RefusedError, runOverSsh } from "../reach/ssh";
import type { SshAccess } from "../reach/ssh-access";
import { readCertificates } from "./certificates";
import { answersBy, probeLimit, probesOf } from "./probes";

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
 * @param installer the program that made the hosts
 * @param sources snapshots to look for; undefined: none
 */
export function observe(
  hosts: Host[],
  lost: Host[],
  access: SshAccess,
  epoch: number,
  installer: Topology["installer"],
  sources?: SourceSearch,
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
        sources?.globs.join("|") ?? "",
        sources?.onlyOthers ? "others" : "",
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

/** A host with etcd or the API probes every lost host; a worker only lost members of etcd, since hundreds of workers would add nothing. */
function probesBy(host: Host, lost: Host[], access: SshAccess): string {
  return probesOf(hasEtcdOrApi(host) ? lost : lost.filter((h) => h.etcd !== "none"), access)
    .map((p) => `${p.host.name}=${p.address}:${p.port}`)
    .join(" ");
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
