import { deployDir } from "./cluster-yml";
import { createBody } from "./docker";
import { etcdCertificate, memberName, ownEndpoint } from "./etcd";
import type { FailoverPlan, Source } from "./failover";
import { etcdServers, ownServer } from "./kube-apiserver";
import { factsOf, type Observation } from "./observation";
import { controlPlane } from "./order";
import { type Process, withArgument } from "./process";
import { original, type Replacement, runs } from "./replacement";
import { recordName, type Step, step } from "./steps";
import type { Topology } from "./topology";

/** The order of a failover: the API first, then everything that only tidies up. */
export function failoverSteps(
  topology: Topology,
  plan: Omit<FailoverPlan, "steps">,
  etcd: Replacement,
  source: Source,
  seen: Observation,
): Step[] {
  const { deployHost, survivors, lostHosts, settings } = plan;
  const server = ownServer(topology, deployHost.datacenter);
  const lostControlPlane = controlPlane(lostHosts).map((h) => h.internalAddress);
  const base = original(factsOf(seen, etcd.host), "etcd", settings.epoch);
  const forced: Process = { ...etcd.after, cmd: [...inHaste(etcd.after.cmd), "--force-new-cluster"] };

  const claims = survivors.map((host) =>
    step("claim", host, "Claim", {
      data: decision(plan, source),
      words: `tell the host of epoch ${settings.epoch}; older epochs are refused from here on`,
      intact: factsOf(seen, host)?.act === plan.act,
    }),
  );
  const snapshot = step("snapshot", etcd.host, "EtcdMember", {
    arguments: lostHosts.flatMap((h) =>
      [topology.ssh.port, 2379, 6443].map((port) => `${h.name}=${h.internalAddress}:${port}`),
    ),
    // until the old etcd is set aside, each run takes a new one
    intact: plan.resumed,
    after: names(claims),
    limit: 900,
    words: "save a live snapshot of etcd and check it",
  });
  const member = step("etcd-member", etcd.host, "EtcdMember", {
    arguments: [etcdCertificate(etcd.host), `${ownEndpoint(etcd.host)}/health`],
    data: `${createBody(forced, settings.epoch, base, "no")}\n${etcd.body}`,
    after: [snapshot.name],
    limit: 600,
    words: "set the old etcd aside, force its data into a cluster of one, start it as RKE would",
    intact: runs(factsOf(seen, etcd.host), etcd),
  });
  const apiServers = plan.apiServers.map((replacement) =>
    step("kube-apiserver", replacement.host, "KubeApiServer", {
      data: replacement.body,
      after: [member.name],
      limit: 300,
      words: `recreate kube-apiserver with --etcd-servers=${etcdServers(survivors, replacement.host)}`,
      intact: runs(factsOf(seen, replacement.host), replacement),
    }),
  );
  const firstWrite = step("kube first-write", deployHost, "KubeApiServer", {
    arguments: [server],
    after: names(apiServers),
    words: "write through the API: here the recovery time ends",
  });
  const tidying = [
    step("kube lost-nodes", deployHost, "Cleanup", {
      arguments: [server, ...lostHosts.map((h) => h.name)],
      after: [firstWrite.name],
      words: `delete the Nodes ${lostHosts.map((h) => h.name).join(", ")}`,
    }),
    step("masterleases", etcd.host, "Cleanup", {
      arguments: lostControlPlane,
      after: [firstWrite.name],
      words: `take ${lostControlPlane.join(", ")} out of the endpoints of the Service kubernetes`,
    }),
    ...survivors.map((host) =>
      step("watchers", host, "Cleanup", {
        after: [firstWrite.name],
        words: "restart controller-manager, scheduler, kubelet and kube-proxy",
      }),
    ),
    step("rke-state", deployHost, "RkeCluster", {
      arguments: [server, ...lostHosts.map((h) => h.address)],
      data: plan.clusterYml.after,
      after: [firstWrite.name],
      words: `take the lost hosts out of ${deployDir}/cluster.yml and of cluster.rkestate's current state`,
    }),
  ];
  const rkeUp = step("rke-up", deployHost, "RkeCluster", {
    arguments: [server],
    data: plan.clusterYml.after,
    after: names(tidying),
    limit: 1800,
    words: "rke up, which finds nothing to do but the workers' nginx-proxy",
  });
  const verification = [
    ...plan.apiServers.map((replacement) =>
      step("verify-member", replacement.host, "Verification", {
        arguments: [memberName(etcd.host), etcdServers(survivors, replacement.host)],
        after: [rkeUp.name],
        words: "member list, --etcd-servers, no --force-new-cluster left",
      }),
    ),
    step("kube verify", deployHost, "Verification", {
      arguments: [
        server,
        controlPlane(survivors)
          .map((h) => h.internalAddress)
          .join(","),
        lostControlPlane.join(","),
      ],
      after: [rkeUp.name],
      words: "a write, a read, the endpoints of the Service kubernetes",
    }),
  ];
  const acting = [snapshot, member, ...apiServers, firstWrite, ...tidying, rkeUp, ...verification];
  return [...claims.map((claim) => announcing(claim, acting)), ...acting];
}

/** A claim says what is to come on its host: so a later act can tell whether this one was finished. */
function announcing(claim: Step, acting: Step[]): Step {
  const own = acting.filter((s) => s.host.name === claim.host.name).map(recordName);
  return { ...claim, data: `${claim.data}\nsteps=${own.join(" ")}` };
}

/**
 * For the one run with the flag. The member is alone: RKE's 5 s of election timeout would only be waited for. And it is to
 * leave a raft snapshot behind: etcd shortens the first election after a restart only where it finds one that says that
 * it is alone, else it waits 5 s for peers first (etcdserver/server.go adjustTicks).
 */
function inHaste(cmd: string[]): string[] {
  const elects = withArgument(withArgument(cmd, "heartbeat-interval", "50"), "election-timeout", "500");
  return [...elects.filter((arg) => !arg.startsWith("--snapshot-count=")), "--snapshot-count=1"];
}

/** What a rerun of this act must not decide anew. */
function decision(plan: Omit<FailoverPlan, "steps">, source: Source): string {
  return [
    `source=${source.host.name}`,
    `method=${plan.method}`,
    `lost=${plan.settings.lost}`,
    `dataAsOf=${source.dataAsOf ?? ""}`,
    `revision=${source.revision ?? ""}`,
    `attest=${plan.settings.attest ?? ""}`,
  ].join("\n");
}

const names = (steps: Step[]): string[] => steps.map((s) => s.name);
