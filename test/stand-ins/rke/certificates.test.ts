import "reflect-metadata";
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as x509 from "@peculiar/x509";
import type { Bundle } from "../../../stand-ins/rke/certificates/bundle";
import { namesOf } from "../../../stand-ins/rke/certificates/names";
import { makeCluster } from "../../../stand-ins/rke/cluster";
import { parseClusterFile } from "../../../stand-ins/rke/cluster-file";
import { rebuildState } from "../../../stand-ins/rke/desired";
import { makeLog } from "../../../stand-ins/rke/log";
import type { FullState } from "../../../stand-ins/rke/state";
import { hasCertificates, PLAN_CASES, rkePlan, upFile } from "../../rke-golden";

const NOTHING: FullState = { desiredState: {}, currentState: {} };
const PRIMARY = "force-new-cluster.primary.yml";
const FAILOVER = "force-new-cluster.failover.yml";
const GENERATED = { custom: false, folder: "" };

async function generate(file: string, old = NOTHING, source = GENERATED): Promise<{ said: string[]; bundle: Bundle }> {
  const said: string[] = [];
  const log = makeLog((line) => said.push(/msg="(.*)"$/.exec(line)?.[1] ?? line));
  const cluster = makeCluster(parseClusterFile(rkePlan(file), true), "cluster.yml");
  const state = await rebuildState(cluster, old, source, log);
  return { said, bundle: state.desiredState.certificatesBundle ?? {} };
}

function following(bundle: Bundle): FullState {
  return { desiredState: { certificatesBundle: bundle }, currentState: {} };
}

const KEY_USAGES: [number, string][] = [
  [x509.KeyUsageFlags.keyCertSign, "certSign"],
  [x509.KeyUsageFlags.digitalSignature, "digitalSignature"],
  [x509.KeyUsageFlags.keyEncipherment, "keyEncipherment"],
];
const EXTENDED: Record<string, string> = {
  [x509.ExtendedKeyUsage.clientAuth]: "clientAuth",
  [x509.ExtendedKeyUsage.serverAuth]: "serverAuth",
};

function field(distinguished: string, key: string): string | undefined {
  return distinguished
    .split("\n")
    .find((line) => line.startsWith(`${key}=`))
    ?.slice(key.length + 1);
}

/** One certificate as the golden lists describe it. */
function described(entry: Bundle[string]): Record<string, unknown> {
  const parsed = new X509Certificate(entry.certificatePEM);
  const other = new x509.X509Certificate(entry.certificatePEM);
  const usages = other.getExtension(x509.KeyUsagesExtension)?.usages ?? 0;
  const organization = field(parsed.subject, "O");
  const days = (other.notAfter.getTime() - other.notBefore.getTime()) / 86_400_000;
  const { dns, ips } = namesOf(entry.certificatePEM);
  return {
    commonName: field(parsed.subject, "CN"),
    organization: organization ? [organization] : null,
    issuer: field(parsed.issuer, "CN"),
    isCA: parsed.ca,
    keyUsage: KEY_USAGES.filter(([flag]) => usages & flag).map(([, name]) => name),
    extKeyUsage: Array.from(other.getExtension(x509.ExtendedKeyUsageExtension)?.usages ?? []).map(
      (id) => EXTENDED[String(id)],
    ),
    dnsNames: dns,
    ipAddresses: ips,
    validDays: Math.round(days),
    keyBits: parsed.publicKey.asymmetricKeyDetails?.modulusLength,
    signatureAlgorithm: "SHA256-RSA",
    path: entry.path,
    keyPath: entry.keyPath,
  };
}

describe("the stand-in's certificates are RKE's", function () {
  // primes are found by chance: one key takes between a tenth of a second and several
  this.timeout(180_000);

  let made: { said: string[]; bundle: Bundle };
  before(async () => {
    made = await generate(PRIMARY);
  });

  /** The first bundle's CAs and keys, since keys take time; every other certificate is to be made. */
  function keysOnly(names: string[]): FullState {
    const bundle: Bundle = {};
    for (const name of names.filter((each) => each !== "kube-service-account-token")) {
      const known = made.bundle[name] ?? made.bundle["kube-proxy"];
      if (!known) throw new Error(`no key for ${name}`);
      bundle[name] = { ...known, certificatePEM: known.name.endsWith("-ca") ? known.certificatePEM : "" };
    }
    return following(bundle);
  }

  it("a fresh bundle is told step by step (transcript 01)", () => {
    const golden = upFile("01-rke-up-five-nodes.txt").matchAll(/msg="(\[certificates\] Gen.*)"/g);
    const wanted = [...golden].map(([, message]) => message);
    const other = (message: string) => message.replace(/kube-etcd-\S+/, "kube-etcd");
    assert.deepEqual(
      made.said.map(other),
      wanted.map((message) => other(message ?? "")),
    );
  });

  for (const name of PLAN_CASES.filter(hasCertificates)) {
    it(name, async () => {
      const golden = JSON.parse(rkePlan(`${name}.yml.certs.json`)) as Record<string, Record<string, unknown>>;
      const { bundle } = await generate(`${name}.yml`, keysOnly(Object.keys(golden)));
      const all = Object.fromEntries(Object.entries(bundle).map(([key, entry]) => [key, described(entry)]));
      assert.deepEqual(all, golden);
    });
  }

  const ADMIN = [
    "[certificates] GenerateServingCertificate is disabled, checking if there are unused kubelet certificates",
    "[certificates] Generating admin certificates and kubeconfig",
  ];

  it("again, from the state: only the admin's is made anew, with its key", async () => {
    const first = made;
    const second = await generate(PRIMARY, following(first.bundle));
    assert.deepEqual(second.said, ADMIN);
    assert.equal(second.bundle["kube-admin"]?.keyPEM, first.bundle["kube-admin"]?.keyPEM);
    assert.equal(second.bundle["kube-node"]?.keyPEM, second.bundle["kube-proxy"]?.keyPEM);
  });

  it("lost hosts kept as SANs in RKE's order: the API server's stays (transcript 30)", async () => {
    const first = made;
    const second = await generate(FAILOVER, following(first.bundle));
    assert.deepEqual(second.said, [
      ...ADMIN,
      "[certificates] Generating kube-etcd-192-168-31-103 certificate and key",
      "[certificates] Deleting unused certificate: kube-etcd-192-168-31-101",
      "[certificates] Deleting unused certificate: kube-etcd-192-168-31-102",
    ]);
    assert.equal(second.bundle["kube-apiserver"]?.certificatePEM, first.bundle["kube-apiserver"]?.certificatePEM);
  });

  describe("--custom-certs", () => {
    const root = mkdtempSync(join(tmpdir(), "rke-certs-"));
    after(() => rmSync(root, { recursive: true }));
    const write = (only: (name: string) => boolean = () => true) => {
      const folder = mkdtempSync(join(root, "certs-"));
      for (const [name, entry] of Object.entries(made.bundle).filter(([name]) => only(name))) {
        writeFileSync(join(folder, `${name}.pem`), entry.certificatePEM);
        writeFileSync(join(folder, `${name}-key.pem`), entry.keyPEM);
      }
      return { custom: true, folder };
    };

    it("takes a folder with everything, generates nothing, and needs no flag the next time", async () => {
      const first = await generate(PRIMARY, NOTHING, write());
      assert.deepEqual(first.said, []);
      assert.equal(first.bundle["kube-apiserver"]?.commonName, "kube-apiserver");
      const second = await generate(PRIMARY, following(first.bundle));
      assert.deepEqual(second.said, ADMIN);
    });

    for (const [missing, message] of [
      ["kube-ca", "Failed to find master CA certificate"],
      ["kube-node", "Failed to find [kube-node] Certificate or Key"],
      ["kube-etcd-192-168-31-103", "Failed to find etcd [kube-etcd-192-168-31-103] Certificate or Key"],
    ] as const) {
      it(`fails without ${missing}`, async () => {
        const source = write((name) => name !== missing);
        const failure = { message: `Failed to validates certificates from dir [${source.folder}]: ${message}` };
        await assert.rejects(generate(PRIMARY, NOTHING, source), failure);
      });
    }
  });
});
