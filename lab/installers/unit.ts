/** Labs of etcd alone, as a unit of systemd, with no Kubernetes. */

import { DEBIAN_ETCD } from "../build/programs";
import { etcdOnHost } from "../build/unit-toolchain";
import { LabError } from "../machine/run";
import { makeEtcd } from "./etcd-cluster";
import { etcdHosts } from "./etcd-files";
import type { InstallerDoor } from "./installer";
import { hostTexts } from "./unit-files";

export const unit: InstallerDoor = {
  async prepare(place, topology, { etcd = DEBIAN_ETCD }) {
    if (etcdHosts(topology).length === 0) throw new LabError("topology: must have a host, has none");
    const programs = await etcdOnHost(place.cache, etcd);
    return {
      record: { etcd, kubectl: "" },
      installed: async (_dc, host) => ({
        programs,
        scripts: {},
        texts: hostTexts(topology, host),
        copyImages: async () => {},
      }),
    };
  },
  lines: (state) => [`etcd ${state.etcd} as a unit of systemd, and systemd: the real ones; no Kubernetes`],
  makeCluster: (place, { topology }) => makeEtcd(place, topology, "unit"),
  standIns: () => [],
};
