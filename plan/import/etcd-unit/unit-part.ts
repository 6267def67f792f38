import { initialCluster, unitOn } from "../../installers/etcd-unit/settings";
import { wrapperIn } from "../../runtimes/systemd/unit";
import { etcdUnitSchema } from "../../topology/etcd-unit-schema";
import type { Host } from "../../topology/topology";
import type { Mapping } from "../../values/mapping";
import type { KubeadmFile } from "../kubeadm-documents";
import type { Findings } from "../reading";
import { asTemplate, type EnvFileOf } from "./env-files";
import type { Inventory, InventoryHost, UnitInstaller } from "./inventory";
import { usualSettings } from "./usual-settings";

/**
 * The hosts with the names that their own etcd has, where its file was given, and with its address, where the inventory has none: then kubespray takes
 * that of the host's default route (roles/kubespray_defaults main_ip).
 */
export function withMembers(hosts: InventoryHost[], envFiles: EnvFileOf[], found: Findings): InventoryHost[] {
  const of = ({ internalAddress, address, member }: InventoryHost): EnvFileOf[] => {
    const there = envFiles.filter((file) => file.address === (internalAddress ?? address));
    const isByName = internalAddress === undefined && member !== undefined && there.length === 0;
    return isByName ? envFiles.filter((file) => file.member === member) : there;
  };
  for (const file of envFiles) {
    const { item, address } = file;
    if (!hosts.some((h) => of(h).includes(file))) {
      found.errors.push(
        `${item}: ETCD_INITIAL_ADVERTISE_PEER_URLS must be a host's address: none of the hosts has it: ${JSON.stringify(address ?? "nothing")}`,
      );
    }
  }
  return hosts.map((host) => {
    const [file, ...more] = of(host);
    if (file && more.length > 0) {
      found.errors.push(`${more.map((f) => f.item).join(", ")}: is a second file of ${host.name}, beside ${file.item}`);
    }
    if (file && !host.roles.includes("etcd")) {
      found.errors.push(
        `${file.item}: is of ${host.name}, which has no etcd by the inventory: ${host.roles.join(", ")}`,
      );
    }
    const known = file
      ? {
          ...host,
          member: file.member,
          address: host.address ?? file.address,
          internalAddress: host.internalAddress ?? file.address,
        }
      : host;
    if (known.address === undefined) {
      found.errors.push(`${host.name}: address: must be in the inventory (ansible_host= or ip=): nothing`);
    }
    return known;
  });
}

interface UnitPart {
  /** The topology's `etcdUnit`. */
  shared: Mapping;
  /** A host's own one, by its name. */
  own: Record<string, NonNullable<Host["etcdUnit"]>>;
}

/** @param inventory with its hosts in the topology's order */
export function unitPart(
  installer: UnitInstaller,
  { hosts, hasUsualSettings }: Inventory,
  envFiles: EnvFileOf[],
  units: KubeadmFile[],
  found: Findings,
): UnitPart {
  const members = hosts.filter((h) => h.roles.includes("etcd")).map(asHost);
  const all = initialCluster(members);
  const fileOf = (host: Host) => envFiles.find((file) => file.address === host.internalAddress);
  const lacking = members.filter((h) => fileOf(h) === undefined);
  const shared = { ...started(units, found), env: "" };
  const [first] = members.filter((h) => fileOf(h) !== undefined);
  if (first === undefined && installer !== "unit" && hasUsualSettings) {
    found.notes.push(
      `etcdUnit.env: as ${installer} writes it by default; each member's /etc/etcd.env, given as further files, says what holds`,
    );
    shared.env = usualSettings(installer);
  } else {
    for (const host of lacking) {
      found.errors.push(
        `/etc/etcd.env of ${host.name}: is in no file; give that of each member of etcd, by any name: nothing`,
      );
    }
    shared.env = first === undefined ? "" : asTemplate(fileOf(first)?.text ?? "", first, all);
  }
  const own = Object.fromEntries(
    members.map((host): [string, NonNullable<Host["etcdUnit"]>] => {
      const text = fileOf(host)?.text;
      const declared = { cluster: "", etcdUnit: etcdUnitSchema.parse({ ...shared, env: shared.env || "#" }) };
      const differs = text !== undefined && unitOn(declared, host, members).env !== text;
      return [host.name, { ...(host.etcdUnit ?? {}), ...(differs ? { env: asTemplate(text, host, all) } : {}) }];
    }),
  );
  return { shared, own };
}

/** A host as far as its member's name and URL follow from it. */
const asHost = ({ name, address, internalAddress, roles, member }: InventoryHost): Host => ({
  name,
  address: address ?? "",
  internalAddress: internalAddress ?? address ?? "",
  roles: [...roles],
  etcd: "voter",
  labels: {},
  taints: [],
  hostKey: "unpinned",
  datacenter: "",
  ...(member === undefined || member === name ? {} : { etcdUnit: { member } }),
});

/** ExecStart=, User= and EnvironmentFile= of etcd.service, and its text; nothing if it wasn't given. */
function started(units: KubeadmFile[], found: Findings): Mapping {
  const [first, ...more] = units;
  const wrapped = units.flatMap(({ path, text }) => {
    const command = wrapperIn(text, execStart(text));
    return command === undefined ? [] : [{ path, command }];
  });
  if (wrapped.length > 0) {
    found.errors.push(
      ...wrapped.map(
        ({ path, command }) =>
          `${path}: etcd must be the unit's own process, not a container's or a shell's; move it to the host first (kubespray: etcd_deployment_type: host), and give its unit then: ${JSON.stringify(command)}`,
      ),
    );
    return {};
  }
  for (const other of more.filter(({ text }) => text.trim() !== first?.text.trim())) {
    found.errors.push(`${other.path}: must be the same unit on each host: differs from ${first?.path}`);
  }
  if (first === undefined) {
    return {};
  }
  const last = (key: string) => lastOf(first.text, key);
  if (/^[ \t]*Environment[ \t]*=.*ETCD_/m.test(first.text)) {
    found.errors.push(`${first.path}: Environment=: isn't read, move its settings into the file of EnvironmentFile=`);
  }
  const [program = "", ...args] = execStart(first.text);
  const envFile = (last("EnvironmentFile") ?? "").replace(/^-/, "");
  const user = last("User") || undefined;
  return {
    program,
    ...(args.length > 0 ? { arguments: args } : {}),
    ...(envFile === "" ? {} : { envFile }),
    ...(user === undefined ? {} : { user }),
    unit: first.text,
  };
}

/** A key's last value in a unit; systemd takes blanks around a key and its sign of equality. */
const lastOf = (text: string, key: string): string | undefined =>
  [...text.matchAll(new RegExp(`^[ \\t]*${key}[ \\t]*=[ \\t]*(.*(?:\\\\\\n.*)*)$`, "gm"))].at(-1)?.[1]?.trim();

const execStart = (text: string): string[] =>
  (lastOf(text, "ExecStart") ?? "")
    .replaceAll("\\\n", " ")
    .trim()
    .split(/\s+/)
    .map((word) => word.replace(/^(["'])(.*)\1$/, "$2"));
