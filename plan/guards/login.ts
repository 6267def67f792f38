import { factsOf, type Observation } from "../facts/observation";
import { type Host, sshLogin, type Topology } from "../topology/topology";
import { list, problem } from "./verdict";

/** A topology's part that says how the operator logs in. */
type Logins = Pick<Topology, "ssh" | "installer">;

/** SSH's users that aren't root: each must become root by sudo without a password, and RKE's must be allowed to use docker. */
export function loginProblems(topology: Logins, hosts: Host[], seen: Observation): string[] {
  return [
    ...sudoRefusals(topology, hosts, seen),
    ...perUser(
      topology,
      hosts.filter((h) => factsOf(seen, h)?.login?.recorded),
      (where, user) =>
        problem(
          `${where}: sudo must not record what commands of ${user} read on stdin, since keys come that way: log_input is on`,
          `Put \`Defaults:${user} !log_input\` into /etc/sudoers.d/rke-dr there, and take the tag LOG_INPUT away`,
        ),
    ),
    ...perUser(
      topology,
      topology.installer === "rke" ? hosts.filter((h) => factsOf(seen, h)?.login?.runtime === false) : [],
      (where, user) =>
        problem(
          `${where}: ${user} must be in docker's group, since \`rke up\` reaches docker as this user: it isn't`,
          `\`usermod -aG docker ${user}\` there`,
        ),
    ),
  ];
}

function sudoRefusals(topology: Logins, hosts: Host[], seen: Observation): string[] {
  const reasons = new Map<string, Host[]>();
  for (const host of hosts) {
    const facts = seen.hosts[host.name];
    if (facts?.reachable !== false || facts.refusal !== "sudo refused") continue;
    reasons.set(facts.reason, [...(reasons.get(facts.reason) ?? []), host]);
  }
  return [...reasons].flatMap(([reason, those]) =>
    perUser(topology, those, (where, user) =>
      problem(
        `${where}: sudo must make ${user} root without a password and without a terminal: it says ${JSON.stringify(reason)}`,
        `Put \`${user} ALL=(ALL) NOPASSWD: ALL\` and \`Defaults:${user} !requiretty\` into /etc/sudoers.d/rke-dr there (\`visudo -f\` checks it)`,
      ),
    ),
  );
}

/** A sentence for each user about that user's hosts. */
function perUser(topology: Logins, hosts: Host[], words: (where: string, user: string) => string): string[] {
  const user = (host: Host) => sshLogin(topology.ssh, host).user;
  return [...new Set(hosts.map(user))].map((one) => words(list(hosts.filter((h) => user(h) === one)), one));
}
