import { createHash } from "node:crypto";
import type { remote } from "@pulumi/command";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import { stringify } from "yaml";
import { onHostScript } from "../on-host";
import { type PrimaryPlan, primaryAct } from "../plan/acts/primary/plan";
import { type EndpointMove, endpointMove } from "../plan/acts/steps/endpoint";
import { dialectOf } from "../plan/installers/dialect";
import { installerOf } from "../plan/installers/installers";
import type { AdoptedCluster } from "../plan/installers/rke/adopted";
import { clusterSecretsText, withSecrets } from "../plan/installers/rke/cluster-secrets";
import { etcdCertificate } from "../plan/installers/rke/etcd";
import type { ScheduledStep } from "../plan/steps/steps";
import { knownHosts } from "../plan/topology/known-hosts";
import { ownServer } from "../plan/topology/servers";
import { inPeace, type Site } from "../plan/topology/site";
import { type Host, sshLogin, type Topology } from "../plan/topology/topology";
import { remoteShell } from "../reach/command-line";
import type { SshAccess } from "../reach/ssh-access";
import { moveEndpoint } from "./endpoint";
import { type KeyPair, Pki } from "./pki";
import { snapshotScheduleData } from "./snapshot-schedule";
import { runSteps } from "./steps";
import type { Watch } from "./watch";

/** The only command that the return guard's key may run: it prints the cluster's name and the epoch that this host serves. */
const guardMayAsk = (user: string): string =>
  `command="${remoteShell(user, "echo rke-dr $(cat /var/lib/rke-dr/cluster) serves $(cat /var/lib/rke-dr/serves 2>/dev/null || echo 0)")}",restrict`;

/**
 * Builds the cluster: certificates, deploy hosts, `rke up`, and the record of epoch and topology in the cluster. Of a cluster whose
 * certificates this program never holds (kubeadm's) there is no such record.
 * @param first resources that every step waits for
 */
export function buildPrimary(
  topology: Topology,
  plan: PrimaryPlan,
  ssh: SshAccess,
  adopted?: AdoptedCluster,
  secrets: Record<string, string> = {},
  watch: Watch = () => undefined,
  first: pulumi.Resource[] = [],
): Record<string, remote.Command> {
  const site = inPeace(topology);
  const installer = installerOf(topology);
  const pki = new Pki("pki", {
    certificates: installer.certificates(site),
    given: givenPairs(adopted),
  });
  const keys = Object.fromEntries(
    plan.deployHosts.map((h) => [h.name, new tls.PrivateKey(`deploy-key-${h.name}`, { algorithm: "ED25519" })]),
  );
  const guardKey = new tls.PrivateKey("return-guard-key", { algorithm: "ED25519" });
  const authorizedKeys = (host: Host) =>
    pulumi
      .all([
        ...plan.deployHosts.map((h) => pulumi.interpolate`${trimmed(keys[h.name]?.publicKeyOpenssh)} rke-dr:${h.name}`),
        pulumi.interpolate`${guardMayAsk(sshLogin(ssh, host).user)} ${trimmed(guardKey.publicKeyOpenssh)} rke-dr:return-guard`,
      ])
      .apply((lines) => lines.join("\n"));

  const data: NonNullable<Parameters<typeof runSteps>[2]> = snapshotScheduleData(
    plan.steps,
    dialectOf(topology, site.deployHost),
  );
  for (const host of plan.hosts) {
    data[`authorize-${host.name}`] = authorizedKeys(host);
  }
  for (const host of plan.deployHosts) {
    const key = keys[host.name];
    if (key) {
      const files = deployFiles(topology, site, pki.pairs, key, secrets);
      data[`deploy-files-${host.name}`] = files;
      if (adopted) {
        data[`adopt-${host.name}`] = adoptedFiles(topology, host, pki.pairs, adopted);
      }
      // of an adopted cluster, too: a failback runs it
      if (host.name === plan.installerHost.name) {
        // a hash reveals nothing of the keys in the files, and makes `rke up` run again if cluster.yml or a certificate changes
        data[`rke-up-${host.name}`] = pulumi.unsecret(
          files.apply((text) => createHash("sha256").update(text).digest("hex")),
        );
      }
    }
  }
  for (const scheduled of plan.steps.filter((s) => s.script === "etcd-join" || s.script === "etcd-spare")) {
    // kubeadm's hosts have their own, which a guard looks at
    if (pki.pairs["kube-ca"] !== undefined) {
      data[scheduled.name] = withCertificates(scheduled, ["kube-ca", etcdCertificate(scheduled.host)], pki.pairs);
    }
  }
  const moving = endpointBack(topology, site, plan);
  for (const scheduled of plan.steps.filter((s) => moving && s.script === "endpoint")) {
    data[scheduled.name] = (before) =>
      before[`first-write-${plan.failback?.deployHost.name}`]?.stdout.apply(async () => {
        await moving?.();
        return scheduled.data;
      }) ?? scheduled.data;
  }
  for (const host of plan.hosts) {
    data[`return-guard-${host.name}`] = pulumi.secret(
      asFiles([
        ["guard-watch.sh", onHostScript("resident/guard-watch", dialectOf(topology, host))],
        ["id_ed25519", guardKey.privateKeyOpenssh],
        ["known_hosts", knownHosts(topology, plan.hosts)],
      ]),
    );
  }
  const steps = runSteps(
    plan.steps,
    {
      epoch: plan.epoch,
      act: primaryAct,
      cluster: topology.cluster,
      ssh,
      dialect: (host) => dialectOf(topology, host),
    },
    data,
    first,
  );
  watch(plan.steps, steps);
  // the provider of the record dials the API itself, with the administrator's key: a bastion takes SSH alone, and kubeadm's key is never here
  if (topology.ssh.bastion || pki.pairs["kube-admin"] === undefined) {
    return steps;
  }
  const built = plan.steps.filter((s) => s.part === "RkeCluster").map((s) => steps[s.name]);
  recordInCluster(
    topology,
    plan,
    pki.pairs,
    built.filter((r) => r !== undefined),
  );
  return steps;
}

/**
 * In a failback: makes the API's name lead where it led before the failover, once, when it is first called. Undefined in a preview, which runs no command; if
 * that isn't due; or if the topology has no command for it.
 */
function endpointBack(topology: Topology, site: Site, plan: PrimaryPlan): (() => Promise<void>) | undefined {
  // the first write of a failback that is resumed is in the stack's state: its output is known in preview, too
  const to = pulumi.runtime.isDryRun() ? undefined : plan.failback?.endpoint;
  const move = to && endpointMove(topology, site, to);
  let begun: Promise<void> | undefined;
  const once = (given: EndpointMove): Promise<void> => {
    const moving = begun ?? moveEndpoint(given);
    begun = moving;
    return moving;
  };
  return move && plan.steps.some((s) => s.script === "endpoint" && s.due) ? () => once(move) : undefined;
}

/** The files of a deploy host, for on-host/steps/deploy-files.sh; secret, because private keys are among them. */
function deployFiles(
  topology: Topology,
  site: Site,
  pairs: Record<string, KeyPair>,
  key: tls.PrivateKey,
  secrets: Record<string, string>,
): pulumi.Output<string> {
  const clusterFile = installerOf(topology).clusterFile(site);
  const files: [path: string, content: pulumi.Input<string>][] = [
    ...(clusterFile === "" ? [] : ([["cluster.yml", withSecrets(clusterFile, secrets)]] as [string, string][])),
    ...(Object.keys(secrets).length > 0
      ? [["cluster-secrets", clusterSecretsText(secrets)] as [string, pulumi.Input<string>]]
      : []),
    ["ssh/id_ed25519", key.privateKeyOpenssh],
    ["ssh/known_hosts", knownHosts(topology, site.hosts)],
    ...Object.entries(pairs).flatMap(([name, pair]): [string, pulumi.Input<string>][] => [
      [`certs/${name}.pem`, pair.certificate],
      [`certs/${name}-key.pem`, pair.privateKey],
    ]),
  ];
  return pulumi.secret(asFiles(files));
}

/** A step's data with the certificates that its host may lack, and their keys but the CA's, for /etc/kubernetes/ssl. */
function withCertificates(
  scheduled: ScheduledStep,
  names: string[],
  pairs: Record<string, KeyPair>,
): pulumi.Output<string> {
  const files = names.flatMap((name): [string, pulumi.Input<string>][] => [
    [`${name}.pem`, pairs[name]?.certificate ?? ""],
    ...(name === "kube-ca"
      ? []
      : ([[`${name}-key.pem`, pairs[name]?.privateKey ?? ""]] as [string, pulumi.Input<string>][])),
  ]);
  return pulumi.secret(pulumi.interpolate`${scheduled.data}\n${asFiles(files)}`);
}

/** Files as scripts read them: each a line "@@ PATH" and its content. */
const asFiles = (files: [path: string, content: pulumi.Input<string>][]): pulumi.Output<string> =>
  pulumi
    .all(files.map(([path, content]) => pulumi.output(content).apply((text) => `@@ ${path}\n${text.trim()}`)))
    .apply((texts) => texts.join("\n"));

const givenPairs = (adopted: AdoptedCluster | undefined): Record<string, KeyPair> =>
  Object.fromEntries(
    Object.entries(adopted?.certificates ?? {}).map(([name, pair]) => [
      name,
      { certificate: pulumi.output(pair.certificate), privateKey: pulumi.secret(pair.privateKey) },
    ]),
  );

/** For on-host/installers/rke/adopt.sh. */
const adoptedFiles = (
  topology: Topology,
  host: Host,
  pairs: Record<string, KeyPair>,
  adopted: AdoptedCluster,
): pulumi.Output<string> =>
  pulumi.secret(
    pulumi.interpolate`@@ cluster.rkestate\n${adopted.text}\n@@ kube_config_cluster.yml\n${kubeconfig(topology, host.datacenter, pairs)}`,
  );

/** kube-system/rke-dr: which epoch the cluster is in, and by which topology it was made. */
function recordInCluster(
  topology: Topology,
  plan: PrimaryPlan,
  pairs: Record<string, KeyPair>,
  dependsOn: pulumi.Resource[],
): void {
  const provider = new kubernetes.Provider(
    "cluster",
    {
      kubeconfig: kubeconfig(topology, topology.standby, pairs),
      // pinned: else another server address would replace every object
      clusterIdentifier: topology.cluster,
      enableConfigMapMutable: true,
    },
    { dependsOn },
  );
  new kubernetes.core.v1.ConfigMap(
    "record",
    {
      metadata: { name: "rke-dr", namespace: "kube-system" },
      data: { epoch: String(plan.epoch), topology: stringify(topology, { aliasDuplicateObjects: false }) },
    },
    { provider, retainOnDelete: true },
  );
}

/** An administrator's, for the kube-apiserver of a datacenter. */
function kubeconfig(topology: Topology, datacenter: string, pairs: Record<string, KeyPair>): pulumi.Output<string> {
  const encode = (text: pulumi.Output<string> | undefined) =>
    pulumi.output(text ?? "").apply((t) => Buffer.from(t).toString("base64"));
  return pulumi.secret(
    pulumi
      .all([
        encode(pairs["kube-ca"]?.certificate),
        encode(pairs["kube-admin"]?.certificate),
        encode(pairs["kube-admin"]?.privateKey),
      ])
      .apply(([ca, certificate, privateKey]) =>
        stringify({
          apiVersion: "v1",
          kind: "Config",
          clusters: [
            {
              name: topology.cluster,
              cluster: { server: ownServer(topology, datacenter), "certificate-authority-data": ca },
            },
          ],
          users: [
            { name: "kube-admin", user: { "client-certificate-data": certificate, "client-key-data": privateKey } },
          ],
          contexts: [{ name: "cluster", context: { cluster: topology.cluster, user: "kube-admin" } }],
          "current-context": "cluster",
        }),
      ),
  );
}

const trimmed = (text: pulumi.Output<string> | undefined): pulumi.Output<string> =>
  pulumi.output(text ?? "").apply((t) => t.trim());
