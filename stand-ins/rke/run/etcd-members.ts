/**
 * Membership through etcd's v2 API, or from a release and a version of Kubernetes on the v3 API (here by its JSON gateway): through
 * any host that answers, failures only logged.
 */
import type { Host } from "../hosts";
import type { ClientCertificate } from "../io/world";
import { asksV3 } from "../releases";
import { isEtcdHealthy } from "./health";
import { linkOf, messageOf, type Run } from "./run";

interface Member {
  id: string;
  name: string;
  peerURLs: string[];
}

const membersUrl = (host: Host) => `https://${host.internalAddress}:2379/v2/members`;

interface MemberOfV3 {
  ID: string;
  name?: string;
  peerURLs: string[];
}

/** @throws Error for an answer other than 200 */
async function askV3(host: Host, call: string, client: ClientCertificate, body: object): Promise<string> {
  const url = `https://${host.internalAddress}:2379/v3/cluster/member/${call}`;
  const answer = await linkOf(host).fetch("POST", url, client, JSON.stringify(body));
  if (answer.status !== 200) throw new Error(`client: unexpected status ${answer.status}: ${answer.body}`);
  return answer.body;
}

const usesV3 = ({ cluster }: Pick<Run, "cluster">): boolean => asksV3(cluster.config.kubernetesVersion);

async function listMembers(run: Run, host: Host, client: ClientCertificate): Promise<Member[]> {
  if (usesV3(run)) {
    const { members } = JSON.parse(await askV3(host, "list", client, {})) as { members: MemberOfV3[] };
    return members.map(({ ID: id, name = "", peerURLs }) => ({ id, name, peerURLs }));
  }
  const answer = await linkOf(host).fetch("GET", membersUrl(host), client);
  if (answer.status !== 200) throw new Error(`client: unexpected status ${answer.status}`);
  return (JSON.parse(answer.body) as { members: Member[] }).members;
}

/** A member that etcd doesn't know has no id: etcd refuses to delete it, and RKE calls that a failure. */
async function deleteThrough(run: Run, host: Host, name: string, client: ClientCertificate): Promise<boolean> {
  try {
    const member = (await listMembers(run, host, client)).find((each) => each.name === name);
    if (usesV3(run)) {
      await askV3(host, "remove", client, { ID: member?.id ?? "0" });
      return true;
    }
    const answer = await linkOf(host).fetch("DELETE", `${membersUrl(host)}/${member?.id ?? ""}`, client);
    return answer.status === 204 || answer.status === 410;
  } catch {
    return false;
  }
}

export async function removeMember(run: Run, gone: Host, client: ClientCertificate): Promise<void> {
  const { log, cluster } = run;
  const name = `etcd-${gone.name}`;
  log.info(`[remove/etcd] Removing member [${name}] from etcd cluster`);
  for (const host of cluster.etcd) {
    if (!(await deleteThrough(run, host, name, client))) continue;
    const where = `on [etcd-${host.name}] after removing [${name}]`;
    log.info(`[remove/etcd] Checking etcd cluster health ${where}`);
    if (!(await isEtcdHealthy(run, host, client))) continue;
    log.info(`[remove/etcd] etcd cluster health is healthy ${where}`);
    log.info(`[remove/etcd] Successfully removed member [${name}] from etcd cluster`);
    return;
  }
  throw new Error(`Failed to delete etcd member [${name}] from etcd cluster`);
}

export async function isMember(run: Run, asked: Host, client: ClientCertificate): Promise<boolean> {
  const peerUrl = `https://${asked.internalAddress}:2380`;
  let failure: string | undefined;
  for (const host of run.cluster.etcd) {
    if (host.address === asked.address) continue;
    try {
      const members = await listMembers(run, host, client);
      if (members.some((member) => (member.peerURLs[0] ?? "").includes(peerUrl))) {
        run.log.info(`[etcd] member [${asked.address}] is already part of the etcd cluster`);
        return true;
      }
      return false;
    } catch (error) {
      failure = `Failed to create etcd client for host [${host.address}]: ${messageOf(error)}`;
    }
  }
  if (failure !== undefined) throw new Error(failure);
  return false;
}

/** As a voter: on a cluster of one, nothing can be written until it has started. */
export async function addMember(run: Run, added: Host, client: ClientCertificate): Promise<void> {
  const name = `etcd-${added.name}`;
  run.log.info(`[add/etcd] Adding member [${name}] to etcd cluster`);
  const wanted = { peerURLs: [`https://${added.internalAddress}:2380`] };
  for (const host of run.cluster.etcd) {
    if (host.address === added.address) continue;
    try {
      if (usesV3(run)) {
        await askV3(host, "add", client, wanted);
      } else {
        const answer = await linkOf(host).fetch("POST", membersUrl(host), client, JSON.stringify(wanted));
        if (answer.status !== 201) continue;
      }
      run.log.info(`[add/etcd] Successfully Added member [${name}] to etcd cluster`);
      return;
    } catch {
      // The next host may know better.
    }
  }
  throw new Error(`Failed to add etcd member [${name}] to etcd cluster`);
}
