import { createConnection } from "node:net";
import type { SshAccess } from "../config";
import { onHostScript } from "../on-host";
import { type HostFacts, parseFacts } from "../plan/facts";
import type { Observation } from "../plan/observation";
import type { SourceSearch } from "../plan/source-files";
import { type Host, sshTarget } from "../plan/topology";
import { type Route, throughBastion } from "./bastion";
import { readCertificates } from "./certificates";
import { RefusedError, runOverSsh } from "./ssh";

const script = ["preflight-facts", "source-facts", "facts"].map(onHostScript).join("\n");

/** What answers on a host that serves: SSH, etcd's clients and peers, the API. */
const servingPorts = (access: SshAccess): number[] => [access.port, 2379, 2380, 6443];
const probeLimit = 2000;

/**
 * Looks at the hosts, all at once and read-only; it never throws for a host that can't be reached.
 *
 * @param hosts whose facts are wanted
 * @param lost hosts that must not answer: only their ports are tried, from here and from every host in `hosts`
 * @param sources which snapshots are looked for; undefined: none
 */
export async function observe(
  hosts: Host[],
  lost: Host[],
  access: SshAccess,
  epoch: number,
  sources?: SourceSearch,
): Promise<Observation> {
  const probes = probesOf(lost, access);
  const onHost = probes.map((p) => `${p.host.name}=${p.address}:${p.port}`).join(" ");
  const trust = hosts.map((h) => sshTarget({ ssh: access }, h)).join(" ");
  const command = `timeout -k 2 30 bash -s -- ${epoch} '${onHost}' '${trust}' '${sources?.file ?? ""}' '${sources?.peers.join(",") ?? ""}'`;
  const route = throughBastion(access);
  const [facts, answers] = await Promise.all([
    Promise.all(hosts.map((h) => look(h, access, command, route))),
    answersBy(route, lost, access),
  ]).finally(() => route?.end());
  return {
    hosts: Object.fromEntries(facts.map((f) => [f.host, f])),
    answers,
    at: Date.now(),
  };
}

function probesOf(lost: Host[], access: SshAccess): { host: Host; address: string; port: number }[] {
  return lost.flatMap((h) =>
    [...new Set([h.address, h.internalAddress])].flatMap((address) =>
      servingPorts(access).map((port) => ({ host: h, address, port })),
    ),
  );
}

/** What of these hosts answers the operator, as "HOST PORT" or "HOST PORT refused"; takes 2 s at most, or 8 s more for a bastion. */
export async function answersOf(lost: Host[], access: SshAccess): Promise<string[]> {
  const route = throughBastion(access);
  return answersBy(route, lost, access).finally(() => route?.end());
}

async function answersBy(route: Route | undefined, lost: Host[], access: SshAccess): Promise<string[]> {
  const answers = await Promise.all(
    probesOf(lost, access).map(async ({ host, address, port }) => {
      const answer = await (route ? answerBehind(route, address, port) : answerAt(address, port));
      return answer === "none" ? [] : [`${host.name} ${port}${answer === "refused" ? " refused" : ""}`];
    }),
  );
  return [...new Set(answers.flat())];
}

async function look(host: Host, access: SshAccess, command: string, route: Route | undefined): Promise<HostFacts> {
  try {
    const stream = await route?.open(host.address, access.port);
    const output = await runOverSsh(host, access, command, script, undefined, undefined, stream);
    return parseFacts(host.name, output, Date.now(), readCertificates);
  } catch (error) {
    return {
      reachable: false,
      host: host.name,
      reason: error instanceof Error ? error.message : String(error),
      ...(error instanceof RefusedError ? { refusal: error.refusal } : {}),
    };
  }
}

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

/** The same from the bastion, which tells a refusal in its own kernel's words. */
async function answerBehind(route: Route, address: string, port: number): Promise<Answer> {
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
