/** What an operator does by hand to a kubeadm cluster in the four scenes of a recorded exercise, and what can be seen of it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { LabError, must, until } from "../../lab/machine/run";
import type { Drill } from "../drill";

const manifests = "/etc/kubernetes/manifests";
const away = "/etc/kubernetes/manifests-away";
const running = `crictl ps -q --name '^(etcd|kube-apiserver)$'`;

export async function on(drill: Drill, host: string, script: string, limit = 120): Promise<string> {
  const argv = drill.lab.hostCommand(host, ["bash", "-ec", script]);
  return (await must(argv, { timeoutSeconds: limit })).stdout.trim();
}

/** Takes the control plane of a host out of service as the exercise does: the folder of manifests gets another name. */
export async function stopControlPlane(drill: Drill, host: string): Promise<void> {
  await on(drill, host, `mv ${manifests} ${away}`);
  await until(`${host}: etcd and kube-apiserver have ended`, 180, async () => (await on(drill, host, running)) === "");
}

/** Puts the manifests back by copying them into a new folder, as the exercise does. */
export async function startControlPlane(drill: Drill, host: string): Promise<void> {
  await on(drill, host, `mkdir -p ${manifests}; cp -a ${away}/. ${manifests}/; rm -r ${away}`);
}

/** The member that leads by what its voters say; undefined if none does. */
export async function leader(drill: Drill): Promise<string | undefined> {
  for (const { name } of drill.cluster.servers) {
    const { code, stdout } = await drill.cluster.etcdctl(name, ["endpoint", "status", "-w", "fields"]);
    const field = (key: string) => new RegExp(`^"${key}" : (\\d+)$`, "m").exec(stdout)?.[1];
    if (code === 0 && field("MemberID") !== undefined && field("MemberID") === field("Leader")) return name;
  }
  return undefined;
}

/** True if etcd on the host answers a linearizable read. */
export const reads = async (drill: Drill, host: string): Promise<boolean> =>
  (await drill.cluster.etcdctl(host, ["--command-timeout=3s", "get", "x"])).code === 0;

/** How many voters are healthy, asked on each host by itself. */
export async function healthyVoters(drill: Drill): Promise<number> {
  const answers = await Promise.all(drill.cluster.servers.map(({ name }) => reads(drill, name)));
  return answers.filter(Boolean).length;
}

/** Copies the certificates of one control plane host to another, whose own are set aside. */
export async function copyCertificates(drill: Drill, from: string, to: string): Promise<void> {
  const archive = await on(drill, from, "tar -C /etc/kubernetes -cz pki | base64 -w 0");
  const unpack = "mv /etc/kubernetes/pki /etc/kubernetes/pki-own; base64 -d | tar -C /etc/kubernetes -xz";
  await must(drill.lab.hostCommand(to, ["bash", "-ec", unpack]), { input: archive, timeoutSeconds: 60 });
}

/** The commands of docs/runbook.md, "Certificates of kubeadm", for a host. @throws LabError if the page has none */
export function certificatesAnew(host: { name: string; address: string }, endpoint: string, version: string): string {
  const page = readFileSync(join(__dirname, "../../docs/runbook.md"), "utf8");
  const [, commands] = /\n## Certificates of kubeadm\n[\s\S]*?```sh\n([\s\S]*?)```/.exec(page) ?? [];
  if (commands === undefined)
    throw new LabError('docs/runbook.md: "Certificates of kubeadm" must have commands, has none');
  const [, after] = /Then let the pods read them[^`]*`([^`]*)`/.exec(page) ?? [];
  const values = `NAME=${host.name} ADDRESS=${host.address} ENDPOINT=${endpoint} VERSION=${version}\n`;
  return `${commands.replace(/^NAME=.*\n/, values)}${after ?? ""}`;
}
