import assert from "node:assert/strict";
import { certificates } from "../../../../plan/installers/kubeadm/certificates";
import { endpointHost, plainIp } from "../../../../plan/values/addresses";
import { type Recording, recordings } from "./recordings";

const usages: Record<string, string> = {
  "Digital Signature": "digitalSignature",
  "Key Encipherment": "keyEncipherment",
  "Certificate Sign": "certSign",
  "TLS Web Server Authentication": "serverAuth",
  "TLS Web Client Authentication": "clientAuth",
};

describe("certificates are kubeadm's own", () => {
  for (const recording of recordings()) {
    const { topology, cluster, host } = recording;
    const mine = certificates(cluster, host);
    const path = (p: string) => p.slice(cluster.certificatesDir.length + 1);

    it(`${topology}: ${host.name} has the same files`, () =>
      assert.deepEqual(mine.map((c) => path(c.path)).sort(), Object.keys(recording.certificates).sort()));

    for (const c of mine) {
      it(`${topology}: ${host.name}/${path(c.path)}`, () =>
        assert.deepEqual(recorded(recording, path(c.path)), {
          subject: [...c.organization.map((o) => `O = ${o}`), `CN = ${c.commonName}`].join(", "),
          issuer: `CN = ${c.issuer}`,
          isCA: c.isCA,
          keyUsage: c.keyUsage,
          extKeyUsage: c.extKeyUsage,
          dnsNames: c.dnsNames,
          ipAddresses: c.ipAddresses,
          hours: Number(/^(\d+)h0m0s$/.exec(c.validity)?.[1]),
          isEcdsa: c.algorithm.startsWith("ECDSA"),
        }));
    }
  }

  for (const [endpoint, host] of [
    ["api.test", "api.test"],
    ["api.test:6443", "api.test"],
    ["10.0.0.1:6443", "10.0.0.1"],
    ["[fd00::1]:6443", "fd00::1"],
  ] as const) {
    it(`the host of ${endpoint} is ${host}`, () => assert.equal(endpointHost(endpoint), host));
  }
});

/** The fields that openssl read in a certificate. Its validity begins five minutes before it was made. */
function recorded({ certificates: all }: Recording, path: string) {
  const lines = all[path] ?? [];
  const after = (title: string) => lines[lines.findIndex((l) => l.startsWith(title)) + 1] ?? "";
  const value = (key: string) => lines.find((l) => l.startsWith(`${key}=`))?.slice(key.length + 1) ?? "";
  const words = (title: string) =>
    lines.some((l) => l.startsWith(title))
      ? after(title)
          .split(", ")
          .map((w) => usages[w] ?? w)
      : [];
  const names = words("X509v3 Subject Alternative Name");
  const hours = (Date.parse(value("notAfter")) - Date.parse(value("notBefore")) - 5 * 60_000) / 3_600_000;
  return {
    subject: value("subject"),
    issuer: value("issuer"),
    isCA: after("X509v3 Basic Constraints") === "CA:TRUE",
    keyUsage: words("X509v3 Key Usage"),
    extKeyUsage: words("X509v3 Extended Key Usage"),
    dnsNames: names.flatMap((n) => (n.startsWith("DNS:") ? [n.slice(4)] : [])),
    ipAddresses: names.flatMap((n) => (n.startsWith("IP Address:") ? [plainIp(n.slice(11))] : [])),
    hours: Math.round(hours),
    isEcdsa: lines.some((l) => l === "Public Key Algorithm: id-ecPublicKey"),
  };
}
