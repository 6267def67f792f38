/** Files of a host whose etcd is a unit, as they are before etcd is set up. */
import { hostsOf, type LabHost, type LabTopology } from "../state/topology";
import { addressOf } from "./kubeadm-configuration";

export const hostTexts = (topology: LabTopology, host: LabHost): Record<string, string> => ({
  "/etc/hosts": [
    "127.0.0.1\tlocalhost",
    `127.0.1.1\t${host.name}.rke-lab`,
    ...hostsOf(topology).map((other) => `${addressOf(other)}\t${other.name}`),
    "",
  ].join("\n"),
  "/etc/fstab": "",
  "/etc/systemd/journald.conf.d/lab.conf": "[Journal]\nReadKMsg=no\nSystemMaxUse=64M\n",
});
