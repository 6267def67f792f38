/** Puts etcd's unit, settings and certificates on its hosts and starts it, all members at the same time. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { onHost } from "../hosts/host";
import { say, sayWhile } from "../machine/progress";
import { all, must } from "../machine/run";
import type { Place } from "../state/place";
import { hostsOf, isControlPlane, type LabHost, type LabTopology } from "../state/topology";
import { withEtcdCertificates } from "./etcd-certificates";
import {
  BACKUP_SCRIPT,
  backupSchedule,
  backupScript,
  etcdEnvironment,
  etcdHosts,
  etcdService,
  type UnitInstaller,
  userOf,
} from "./etcd-files";

/** systemctl returns once etcd is ready (Type=notify), which takes a majority. */
const START = `set -e
tar -C / --no-same-owner -xf -
id -u etcd >/dev/null 2>&1 || useradd -r -s /usr/sbin/nologin -d /var/lib/etcd etcd
chown -R "$0:" /etc/ssl/etcd /etc/etcd 2>/dev/null || true
install -d -m 700 -o "$0" -g "$(id -g "$0")" /var/lib/etcd
chmod 640 /etc/etcd.env && chown "root:$(id -gn "$0")" /etc/etcd.env
systemctl daemon-reload
systemctl enable -q etcd.service
systemctl start etcd.service
if [ -e /etc/systemd/system/etcd-backup.timer ]; then systemctl enable -q --now etcd-backup.timer; fi
if [ -e /var/spool/cron/crontabs/root ]; then
  rm -f /etc/cron.d/* /etc/cron.hourly/* /etc/cron.daily/*
  chmod 600 /var/spool/cron/crontabs/root && systemctl enable -q --now cron.service
fi`;

export async function makeEtcd(place: Place, topology: LabTopology, installer: UnitInstaller): Promise<void> {
  await withEtcdCertificates(installer, topology, async (folder) => {
    const hosts = etcdHosts(topology);
    const started = Date.now();
    await sayWhile(`starting etcd on ${hosts.map(({ name }) => name).join(", ")}`, () =>
      all(
        hosts.map(async (host) => {
          const files = join(folder, "hosts", host.name);
          const environment = etcdEnvironment(installer, topology, host);
          write(files, "/etc/etcd.env", environment);
          write(files, "/etc/systemd/system/etcd.service", etcdService(installer, topology));
          write(files, BACKUP_SCRIPT, backupScript(environment, host));
          for (const [path, text] of Object.entries(backupSchedule(installer))) write(files, path, text);
          await onItsHost(place, host, files, [...START_ARGUMENTS, userOf(installer, topology)]);
        }),
      ),
    );
    say(`etcd: ${hosts.length} members serve after ${((Date.now() - started) / 1000).toFixed(0)} s`);
    const apart = hostsOf(topology).filter((host) => isControlPlane(host) && !hosts.includes(host));
    await all(apart.map((host) => onItsHost(place, host, join(folder, "hosts", host.name), UNPACK)));
    // the first backup, as a cluster has it that was made some time ago
    await all(hosts.map(({ name }) => must(onHost(place, name, ["sh", BACKUP_SCRIPT]), { timeoutSeconds: 60 })));
  });
}

const START_ARGUMENTS = ["bash", "-c", START];

/** Hosts without an etcd have certificates with which their kube-apiserver asks. */
const UNPACK = ["tar", "-C", "/", "--no-same-owner", "-xf", "-"];

async function onItsHost(place: Place, host: LabHost, files: string, argv: string[]): Promise<void> {
  const pack = ["tar", "-C", files, "-cf", "-", "."].join(" ");
  await must(["bash", "-o", "pipefail", "-c", `${pack} | "$@"`, "bash", ...onHost(place, host.name, argv)], {
    timeoutSeconds: 120,
  });
}

function write(root: string, path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}
