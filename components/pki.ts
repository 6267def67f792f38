import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import type { Certificate } from "../plan/installers/certificate";
import { certificateDays, certificateKeyBits } from "../plan/installers/rke/certificates";

/** Usages by RKE's (Go's) names and by @pulumi/tls'. */
const usages: Record<string, string> = {
  certSign: "cert_signing",
  digitalSignature: "digital_signature",
  keyEncipherment: "key_encipherment",
  clientAuth: "client_auth",
  serverAuth: "server_auth",
};

/** A certificate and its private key, PEM; the key is secret. */
export interface KeyPair {
  certificate: pulumi.Output<string>;
  privateKey: pulumi.Output<string>;
}

/**
 * RKE's certificates, made here so that every host of both stacks can be given them.
 * CAs and the service account's key are protected: losing them means to make the cluster anew. All other certificates, the service
 * account's among them, follow the hosts: a changed name replaces the certificate and keeps its key.
 */
export class Pki extends pulumi.ComponentResource {
  readonly pairs: Record<string, KeyPair> = {};

  /** @param args.given what an existing cluster has already: it is taken as it is, and its CA signs what is missing */
  constructor(
    name: string,
    args: { certificates: Certificate[]; given?: Record<string, KeyPair> },
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("rke-dr:parts:Pki", name, {}, opts);
    Object.assign(this.pairs, args.given);
    for (const certificate of args.certificates) {
      this.pairs[certificate.name] ??= this.issue(certificate);
    }
    this.registerOutputs({});
  }

  private issue(certificate: Certificate): KeyPair {
    const isCa = certificate.issuer === certificate.name;
    const key = new tls.PrivateKey(
      `${certificate.name}-key`,
      { algorithm: "RSA", rsaBits: certificateKeyBits },
      { parent: this, protect: isCa || certificate.name === "kube-service-account-token" },
    );
    const subject = {
      commonName: certificate.commonName,
      ...(certificate.organization[0] === undefined ? {} : { organization: certificate.organization[0] }),
    };
    // one fixed order: @pulumi/tls replaces a certificate for another order, and RKE compares SANs in order
    const allowedUses = [...certificate.keyUsage, ...certificate.extKeyUsage].map((use) => usages[use] ?? use);
    const validityPeriodHours = certificateDays * 24;
    if (isCa) {
      const cert = new tls.SelfSignedCert(
        certificate.name,
        { privateKeyPem: key.privateKeyPem, isCaCertificate: true, subject, allowedUses, validityPeriodHours },
        // another CA certificate would replace every leaf, and hosts would no longer believe each other
        { parent: this, protect: true },
      );
      return { certificate: cert.certPem, privateKey: key.privateKeyPem };
    }
    const issuer = this.pairs[certificate.issuer];
    if (!issuer) {
      throw new Error(`certificate ${certificate.name}: its issuer ${certificate.issuer} comes later in the list`);
    }
    const request = new tls.CertRequest(
      `${certificate.name}-request`,
      {
        privateKeyPem: key.privateKeyPem,
        subject,
        dnsNames: certificate.dnsNames,
        ipAddresses: certificate.ipAddresses,
      },
      { parent: this },
    );
    const cert = new tls.LocallySignedCert(
      certificate.name,
      {
        caPrivateKeyPem: issuer.privateKey,
        caCertPem: issuer.certificate,
        certRequestPem: request.certRequestPem,
        allowedUses,
        validityPeriodHours,
      },
      // in a stack of an earlier program the service account's certificate is protected: the replacement takes that back
      { parent: this, protect: false },
    );
    return { certificate: cert.certPem, privateKey: key.privateKeyPem };
  }
}
