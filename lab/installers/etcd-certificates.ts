/** The certificates of an etcd that is a unit, made by openssl as its installers make them: one CA, leaves that name all hosts of etcd. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { must } from "../machine/run";
import { hostsOf, type LabTopology } from "../state/topology";
import { certificatesOn, type EtcdCertificate, etcdHosts, type UnitInstaller } from "./etcd-files";
import { addressOf } from "./kubeadm-configuration";

const DAYS = "36500";

/** A folder hosts/NAME for each host, with its files below their paths on the host. */
export async function withEtcdCertificates<T>(
  installer: UnitInstaller,
  topology: LabTopology,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "rke-dr-etcd-pki-"));
  try {
    await makeAll(folder, installer, topology);
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function makeAll(folder: string, installer: UnitInstaller, topology: LabTopology): Promise<void> {
  const hosts = hostsOf(topology);
  const openssl = (...args: string[]) => must(["openssl", ...args], { cwd: folder });
  const names = ["DNS:localhost", ...etcdHosts(topology).map(({ name }) => `DNS:${name}`)];
  const addresses = [...etcdHosts(topology).map((host) => `IP:${addressOf(host)}`), "IP:127.0.0.1"];
  const extensions = join(folder, "leaf.cnf");
  writeFileSync(
    extensions,
    `[leaf]\nbasicConstraints=CA:FALSE\nextendedKeyUsage=clientAuth,serverAuth\nsubjectAltName=${[...names, ...addresses].join(",")}\n`,
  );
  await openssl("genrsa", "-out", "ca.key", "2048");
  await openssl("req", "-x509", "-new", "-key", "ca.key", "-days", DAYS, "-subj", "/CN=etcd-ca", "-out", "ca.crt");
  const made = new Map<string, string>();
  const leaf = async ({ certificate }: EtcdCertificate): Promise<string> => {
    const found = made.get(certificate);
    if (found !== undefined) return found;
    const name = `etcd-${basename(certificate).replace(/\.[a-z]+$/, "")}`;
    const base = join(folder, `${name}-${made.size}`);
    made.set(certificate, base);
    await openssl("genrsa", "-out", `${base}.key`, "2048");
    await openssl("req", "-new", "-key", `${base}.key`, "-subj", `/CN=${name}`, "-out", `${base}.csr`);
    const signed = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", DAYS];
    const named = ["-extfile", extensions, "-extensions", "leaf", "-out", `${base}.crt`];
    await openssl("x509", "-req", "-in", `${base}.csr`, ...signed, ...named);
    return base;
  };
  const put = async (host: string, from: string, to: string, mode: string) => {
    const path = join(folder, "hosts", host, to);
    mkdirSync(dirname(path), { recursive: true });
    await must(["install", "-m", mode, from, path]);
  };
  for (const host of hosts) {
    const { ca, leaves } = certificatesOn(installer, topology, host);
    for (const wanted of leaves) {
      const base = await leaf(wanted);
      await put(host.name, `${base}.crt`, wanted.certificate, "644");
      await put(host.name, `${base}.key`, wanted.key, "600");
    }
    for (const path of ca) await put(host.name, join(folder, "ca.crt"), path, "644");
  }
}
