/** Makes the cluster as its operator would: `kubeadm init` on the first control plane host, `kubeadm join` on the others. */
import { createHash, randomBytes, X509Certificate } from "node:crypto";
import { onHost } from "../hosts/host";
import { say, sayWhile } from "../machine/progress";
import { all, LabError, must, run, until } from "../machine/run";
import type { Place } from "../state/place";
import type { LabState } from "../state/state";
import { hostsOf, isControlPlane, type LabHost, type LabTopology } from "../state/topology";
import { controlPlaneOf, initConfiguration, type JoinSecrets, joinConfiguration } from "./kubeadm-configuration";

const LIMIT_SECONDS = 600;

const pkiOf = ({ kubeadm }: LabTopology): string => String(kubeadm?.certificatesDir ?? "/etc/kubernetes/pki");

export async function makeCluster(place: Place, { topology }: LabState): Promise<void> {
  const [first, ...others] = controlPlaneOf(topology);
  if (!first) throw new LabError("topology: must have a host with the role controlplane, has none");
  const secrets: JoinSecrets = {
    token: `${randomBytes(3).toString("hex")}.${randomBytes(8).toString("hex")}`,
    certificateKey: randomBytes(32).toString("hex"),
  };
  await kubeadm(place, first, ["init", "--upload-certs"], initConfiguration(topology, first, secrets));
  const { stdout } = await must(onHost(place, first.name, ["cat", `${pkiOf(topology)}/ca.crt`]));
  const caHash = publicKeyHash(stdout);
  const join = (host: LabHost) => kubeadm(place, host, ["join"], joinConfiguration(topology, host, secrets, caHash));
  await all([
    // one after the other: each is a member of etcd
    others.reduce((before, host) => before.then(() => join(host)), Promise.resolve()),
    ...hostsOf(topology)
      .filter((host) => !isControlPlane(host))
      .map(join),
  ]);
  await sayWhile("waiting for the Nodes", () => nodesReady(place, first, hostsOf(topology)));
  say(`cluster: ${hostsOf(topology).length} Nodes are Ready`);
}

/** As kubeadm pins the cluster's CA: sha256 of its public key. */
export const publicKeyHash = (certificate: string): string =>
  createHash("sha256")
    .update(new X509Certificate(certificate).publicKey.export({ type: "spki", format: "der" }))
    .digest("hex");

/** Runs kubeadm with a configuration that only root on the host may read. @throws LabError with kubeadm's last words */
async function kubeadm(place: Place, host: LabHost, verb: string[], configuration: string): Promise<void> {
  const what = `host ${host.name}: kubeadm ${verb[0]}`;
  const started = Date.now();
  const script = `umask 077; cat >/root/kubeadm.yaml; kubeadm "$@" --config /root/kubeadm.yaml`;
  const argv = onHost(place, host.name, ["bash", "-ec", script, "kubeadm", ...verb]);
  say(what);
  await sayWhile(what, async () => {
    const result = await run(argv, { input: configuration, timeoutSeconds: LIMIT_SECONDS });
    if (result.code === 0) return;
    const said = `${result.stdout}\n${result.stderr}`.trim().split("\n").slice(-25).join("\n");
    throw new LabError(`${what}: exit code ${result.code}: ${said}`);
  });
  say(`${what}: done in ${((Date.now() - started) / 1000).toFixed(0)} s`);
}

const READY = '{range .items[*]}{.metadata.name}={.status.conditions[?(@.type=="Ready")].status}{"\\n"}{end}';

/** Waits until the Nodes of all hosts are Ready. */
async function nodesReady(place: Place, first: LabHost, hosts: LabHost[]): Promise<void> {
  const argv = ["kubectl", "--kubeconfig=/etc/kubernetes/admin.conf", "--request-timeout=5s", "get", "nodes"];
  await until("cluster: Ready Nodes of all hosts", 240, async () => {
    const listed = await run(onHost(place, first.name, [...argv, "-o", `jsonpath=${READY}`]), { timeoutSeconds: 10 });
    return hosts.every(({ name }) => listed.stdout.split("\n").includes(`${name}=True`));
  });
}
