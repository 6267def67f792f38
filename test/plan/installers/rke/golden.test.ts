import assert from "node:assert/strict";
import { certificateDays, certificateKeyBits, certificates } from "../../../../plan/installers/rke/certificates";
import { etcdProcess } from "../../../../plan/installers/rke/etcd";
import { kubeApiServerProcess } from "../../../../plan/installers/rke/kube-apiserver";
import type { Process } from "../../../../plan/runtimes/process";
import { afterLoss, inPeace, type Site } from "../../../../plan/topology/site";
import type { Topology } from "../../../../plan/topology/topology";
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
  site: Site;
}

const whole = (file: string, topology: Topology): Case => ({ file, site: inPeace(topology) });
const cases: Case[] = [
  whole("force-new-cluster.primary.yml", seed()),
  {
    file: "force-new-cluster.failover.yml",
    site: afterLoss(seed(), "a", undefined),
  },
  whole("learner.primary.yml", learner()),
  whole("internal-addresses.yml", internalAddresses()),
  whole("snapshots-and-extra-args.yml", extraArgs()),
];

describe("what runs on a host equals RKE's plan", () => {
  for (const { file, site } of cases) {
    it(file, () => {
      const ours = Object.fromEntries([
        ...site.voters.map((h) => [`${h.name}/etcd`, rendered(etcdProcess(site, h, "x86_64"))]),
        ...site.controlPlane.map((h) => [`${h.name}/kube-apiserver`, rendered(kubeApiServerProcess(site, h))]),
      ]);
      const theirs = Object.fromEntries(
        Object.entries(golden(`${file}.plan.json`)).map(([key, process]) => [key, recorded(process)]),
      );
      assert.deepEqual(ours, theirs);
    });
  }
});

describe("certificates equal RKE's, SANs in its order", () => {
  for (const { file, site } of cases.filter((c) => c.file !== "snapshots-and-extra-args.yml")) {
    it(file, () => {
      const ours = Object.fromEntries(
        certificates(site).map((c) => [
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
    const names = (site: Site) => {
      const found = certificates(site).find((c) => c.name === "kube-apiserver");
      return { dns: found?.dnsNames, ip: found?.ipAddresses };
    };
    assert.deepEqual(names(afterLoss(seed(), "a", undefined)), names(inPeace(seed())));
  });
});
