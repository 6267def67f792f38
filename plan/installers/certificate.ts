/** One of RKE's certificates; the file names are `${name}.pem` and `${name}-key.pem` in /etc/kubernetes/ssl. */
export interface Certificate {
  name: string;
  commonName: string;
  organization: string[];
  /** The name of the CA that signs it; its own name for a CA. */
  issuer: string;
  keyUsage: string[];
  extKeyUsage: string[];
  dnsNames: string[];
  ipAddresses: string[];
}
