import { deployKeyPath } from "../installers/deploy-folder";
import { cleanPath } from "../values/clean-path";
import { isMapping, type Mapping } from "../values/mapping";
import { nameOf } from "./nodes";
import { type Findings, isEmpty, take } from "./reading";

/** The settings that the operator's SSH needs. Settings that only RKE would use on a deploy host are left out, with a note. */
export interface SshParts {
  /** `ssh` of the topology. */
  ssh: Mapping;
  /** `ssh` of a host, by its name, if it differs. */
  own: Record<string, Mapping>;
}

/** @param folder of cluster.yml, absolute; RKE resolves paths from the folder in which it runs */
export function importSsh(nodes: Mapping[], rest: Mapping, folder: string | undefined, found: Findings): SshParts {
  const user = mostUsed(nodes.map((n) => String(n.user || "root")));
  const port = Number(mostUsed(nodes.map((n) => String(n.port || "22"))));
  userNotes(nodes, user, found);
  const agent = wantsAgent(rest, found);
  const key = keyPath(nodes, rest, folder, agent, found);
  leaveOut(rest, found);
  const bastion = importBastion(take(rest, "bastion_host"), found);
  return {
    ssh: {
      user,
      ...(port === 22 ? {} : { port }),
      ...(key === undefined ? {} : { keyPath: key }),
      ...(agent ? { agent } : {}),
      ...(bastion === undefined ? {} : { bastion }),
    },
    own: Object.fromEntries(
      nodes.flatMap((n) => {
        const ownUser = String(n.user || "root");
        const ownPort = Number(n.port || 22);
        const own = {
          ...(ownUser === user ? {} : { user: ownUser }),
          ...(ownPort === port ? {} : { port: ownPort }),
        };
        return Object.keys(own).length > 0 ? [[nameOf(n), own]] : [];
      }),
    ),
  };
}

/** The first of those that occur most. */
function mostUsed(values: string[]): string {
  const count = (value: string) => values.filter((v) => v === value).length;
  return values.reduce((best, value) => (count(value) > count(best) ? value : best), values[0] ?? "");
}

function userNotes(nodes: Mapping[], user: string, found: Findings): void {
  const without = nodes.filter((n) => isEmpty(n.user)).map(nameOf);
  if (without.length > 0) {
    found.notes.push(
      `user: cluster.yml gives none for ${without.join(", ")}, which RKE refuses; root is a guess, ssh.user says otherwise`,
    );
  }
  const users = [...new Set(nodes.map((n) => String(n.user || "root")))];
  if (users.length > 1) {
    const who = users.map(
      (u) =>
        `${u} on ${nodes
          .filter((n) => (n.user || "root") === u)
          .map(nameOf)
          .join(", ")}`,
    );
    found.notes.push(`user: ${who.join("; ")}; hosts that differ from ssh.user have ssh: {user} of their own`);
  }
  for (const other of users.filter((u) => u !== "root")) {
    found.notes.push(
      `${other === user ? "ssh.user" : "user"}: ${other}; this program's commands run as root by sudo there, without a password: \`${other} ALL=(ALL) NOPASSWD: ALL\` in /etc/sudoers.d/rke-dr; RKE needs ${other} in docker's group`,
    );
  }
}

/** With it RKE reads no key file (rancher/rke hosts/dialer.go, newDialer). On a deploy host there is no agent, so it doesn't go there. */
function wantsAgent(rest: Mapping, found: Findings): boolean {
  const value = take(rest, "ssh_agent_auth");
  if (isEmpty(value) || String(value) !== "true") return false;
  found.notes.push(
    "ssh_agent_auth: left out of cluster.yml, `rke` runs on the deploy hosts with a key of their own; ssh.agent: true has this program ask the operator's ssh-agent (SSH_AUTH_SOCK)",
  );
  return true;
}

function keyPath(
  nodes: Mapping[],
  rest: Mapping,
  folder: string | undefined,
  agent: boolean,
  found: Findings,
): string | undefined {
  const given = take(rest, "ssh_key_path");
  const paths = [...new Set(nodes.map((n) => n.ssh_key_path).filter((path) => !isEmpty(path)))];
  const path = isEmpty(given) && paths.length === 1 ? paths[0] : given;
  for (const node of nodes.filter((n) => !isEmpty(n.ssh_key_path) && n.ssh_key_path !== path)) {
    found.notes.push(`${nameOf(node)}.ssh_key_path: left out, the operator's key is one for all: ${node.ssh_key_path}`);
  }
  if (agent) return undefined;
  if (typeof path !== "string" || path === "" || path === deployKeyPath) {
    found.notes.push("ssh.keyPath: cluster.yml doesn't name one key of the operator's, the default is ~/.ssh/id_rsa");
    return undefined;
  }
  const resolved = resolvedIn(folder, path);
  if (resolved !== path) {
    found.notes.push(`ssh.keyPath: ${path} is relative to cluster.yml's folder: ${resolved}`);
  }
  return resolved;
}

/** Paths from the home folder and from the root stay. */
function resolvedIn(folder: string | undefined, path: string): string {
  if (folder === undefined || /^[~/$]/.test(path)) {
    return path;
  }
  return cleanPath(`/${folder}/${path}`);
}

/** Leaves out what would make RKE on a deploy host look for the operator's certificate. */
function leaveOut(rest: Mapping, found: Findings): void {
  const value = take(rest, "ssh_cert_path");
  if (!isEmpty(value)) {
    found.notes.push(
      `ssh_cert_path: left out (${JSON.stringify(value)}); \`rke\` runs on the deploy hosts with a key of their own, and this program reads the operator's from ssh.keyPath`,
    );
  }
}

function importBastion(value: unknown, found: Findings): Mapping | undefined {
  if (!isMapping(value) || isEmpty(value.address)) {
    return undefined;
  }
  const { address, port, user, ...others } = value;
  found.notes.push(
    `bastion_host: became ssh.bastion, through which the operator's SSH goes; \`rke\` on the deploy hosts reaches the hosts without it. Pin ssh.bastion.hostKey with what \`ssh-keyscan\` prints, once verified`,
  );
  const left = Object.keys(others).filter((key) => !isEmpty(others[key]));
  if (left.length > 0) {
    found.notes.push(
      `bastion_host: ${left.join(", ")} left out; the bastion must accept the same key as the hosts (ssh.keyPath)`,
    );
  }
  return {
    host: address,
    ...(isEmpty(port) || port === "22" ? {} : { port: Number(port) }),
    ...(isEmpty(user) ? {} : { user }),
    hostKey: "unpinned",
  };
}
