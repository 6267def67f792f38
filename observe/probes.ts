import { createConnection } from "node:net";
import { apiPort } from "../plan/topology/servers";
import { type Host, sshLogin } from "../plan/topology/topology";
import { type Route, throughBastion } from "../reach/bastion";
import type { SshAccess } from "../reach/ssh-access";

/** Ports that a living host of this role accepts: SSH, etcd's client and peer ports, the API. */
const servingPorts = (access: SshAccess, host: Host): number[] => [
  sshLogin(access, host).port,
  ...(host.etcd === "none" ? [] : [2379, 2380]),
  ...(host.roles.includes("controlplane") ? [apiPort(host)] : []),
];
/** Milliseconds. A SYN that got lost is sent again after one second (RFC 6298), the next time after three. */
export const probeLimit = 1300;
interface Probe {
  host: Host;
  address: string;
  port: number;
}

export function probesOf(lost: Host[], access: SshAccess): Probe[] {
  return lost.flatMap((h) =>
    [...new Set([h.address, h.internalAddress])].flatMap((address) =>
      servingPorts(access, h).map((port) => ({ host: h, address, port })),
    ),
  );
}

/** The hosts of these that answer the operator at their SSH port; takes at most 1.3 s, with a bastion 8 s more. */
export async function hostsThatAnswer(hosts: Host[], access: SshAccess): Promise<Host[]> {
  const route = throughBastion(access);
  const asked = hosts.map(async (host) => ({
    host,
    answer: await answerOf(route, host.address, sshLogin(access, host).port),
  }));
  const heard = await Promise.all(asked).finally(() => route?.end());
  return heard.filter(({ answer }) => answer !== "none").map(({ host }) => host);
}

/** Ports of these hosts that answer the operator, as "HOST PORT" or "HOST PORT refused"; takes at most 1.3 s, with a bastion 8 s more. */
export async function answersOf(lost: Host[], access: SshAccess): Promise<string[]> {
  const route = throughBastion(access);
  return answersBy(route, lost, access).all.finally(() => route?.end());
}

export function answersBy(
  route: Route | undefined,
  lost: Host[],
  access: SshAccess,
): { soFar: () => string[]; all: Promise<string[]> } {
  // sorted by host, not by time of answer
  const heard: string[][] = [];
  const soFar = () => [...new Set(heard.flat())];
  const asked = probesOf(lost, access).map(async ({ host, address, port }, at) => {
    const answer = await answerOf(route, address, port);
    heard[at] = answer === "none" ? [] : [`${host.name} ${port}${answer === "refused" ? " refused" : ""}`];
  });
  return { soFar, all: Promise.all(asked).then(soFar) };
}

type Answer = "accepted" | "refused" | "none";

const answerOf = (route: Route | undefined, address: string, port: number): Promise<Answer> =>
  route ? answerBehind(route, address, port) : answerAt(address, port);

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
