import assert from "node:assert/strict";
import { certificateDays, certificateKeyBits, certificates } from "../../../../plan/installers/rke/certificates";
import { etcdProcess } from "../../../../plan/installers/rke/etcd";
import { kubeApiServerProcess } from "../../../../plan/installers/rke/kube-apiserver";
import type { Process } from "../../../../plan/runtimes/process";
import { apiSans, clusterOrder, controlPlane, survivors, voters } from "../../../../plan/topology/order";
import type { Host, Topology } from "../../../../plan/topology/topology";
import { rkePlan } from "../../../rke-golden";
import { extraArgs, internalAddresses, learner, seed } from "../../worlds/topologies";

const golden = (name: string): Record<string, Record<string, unknown>> => JSON.parse(rkePlan(name));

const sorted = (list: unknown): string[] => [...((list as string[] | undefined) ?? [])].sort();

/** A recorded process and ours in one shape. RKE's lists carry no order. */
const recorded = (p: Record<string, unknown>) => ({
  name: p.name,
  image: p.image,
  entrypoint: sorted(p.command),
  cmd: sorted(p.args),
  env: sorted(p.env),
  binds: sorted(p.binds),
  volumesFrom: sorted(p.volumesFrom),
  labels: p.labels,
});
const rendered = (p: Process) => ({
  ...p,
  entrypoint: sorted(p.entrypoint),
  cmd: sorted(p.cmd),
  env: sorted(p.env),
  binds: sorted(p.binds),
  volumesFrom: sorted(p.volumesFrom),
});

interface Case {
  file: string;
  topology: Topology;
  hosts: Host[];
  sans?: string[];
}

const whole = (file: string, topology: Topology): Case => ({ file, topology, hosts: clusterOrder(topology) });
const cases: Case[] = [
  whole("force-new-cluster.primary.yml", seed()),
  {
    file: "force-new-cluster.failover.yml",
    topology: seed(),
    hosts: survivors(seed(), "a"),
    sans: apiSans(seed(), "a"),
  },
  whole("learner.primary.yml", learner()),
  whole("internal-addresses.yml", internalAddresses()),
  whole("snapshots-and-extra-args.yml", extraArgs()),
];

describe("what runs on a host equals RKE's plan", () => {
  for (const { file, topology, hosts } of cases) {
    it(file, () => {
      const ours = Object.fromEntries([
        ...voters(hosts).map((h) => [`${h.name}/etcd`, rendered(etcdProcess(topology, hosts, h, "x86_64"))]),
        ...controlPlane(hosts).map((h) => [
          `${h.name}/kube-apiserver`,
          rendered(kubeApiServerProcess(topology, hosts, h)),
        ]),
      ]);
      const theirs = Object.fromEntries(
        Object.entries(golden(`${file}.plan.json`)).map(([key, process]) => [key, recorded(process)]),
      );
      assert.deepEqual(ours, theirs);
    });
  }
});

describe("certificates equal RKE's, SANs in its order", () => {
  for (const { file, topology, hosts, sans } of cases.filter((c) => c.file !== "snapshots-and-extra-args.yml")) {
    it(file, () => {
      const ours = Object.fromEntries(
        certificates(topology, hosts, sans).map((c) => [
          c.name,
          {
            commonName: c.commonName,
            organization: c.organization.length > 0 ? c.organization : null,
            issuer: c.issuer,
            keyUsage: sorted(c.keyUsage),
            extKeyUsage: sorted(c.extKeyUsage),
            dnsNames: c.dnsNames,
            ipAddresses: c.ipAddresses,
            isCA: c.issuer === c.name,
            validDays: certificateDays,
            keyBits: certificateKeyBits,
            signatureAlgorithm: "SHA256-RSA",
            path: `/etc/kubernetes/ssl/${c.name}.pem`,
            keyPath: `/etc/kubernetes/ssl/${c.name}-key.pem`,
          },
        ]),
      );
      assert.deepEqual(ours, golden(`${file}.certs.json`));
    });
  }

  it("the API server's are the same before and after the loss of the other side", () => {
    const names = (hosts: Host[], sans?: string[]) => {
      const found = certificates(seed(), hosts, sans).find((c) => c.name === "kube-apiserver");
      return { dns: found?.dnsNames, ip: found?.ipAddresses };
    };
    assert.deepEqual(names(survivors(seed(), "a"), apiSans(seed(), "a")), names(clusterOrder(seed())));
  });
});
