/** `npm run drill`: loses a datacenter for real and recovers it by the program, watched by a client that writes. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { etcdVersion, installerOption, releaseOptions } from "../lab/argv";
import { endWith } from "../lab/command-end";
import { Lab } from "../lab/lab";
import { withLock } from "../lab/machine/lock";
import { say } from "../lab/machine/progress";
import { LabError } from "../lab/machine/run";
import { installerOf, type LabInstaller } from "../lab/state/topology";
import { byHandDrill, byHandText } from "./by-hand";
import { failoverDrill } from "./failover";
import { runMatrix } from "./matrix";
import { reportSvg, reportText } from "./report";
import { scenesText } from "./scenes/report";
import { SCENES, scenesDrill } from "./scenes/scenes";
import { LEARNER_FAULTS } from "./standby";

const USAGE = `npm run drill [-- OPTIONS]

A failover end to end in a lab of its own on this machine: builds the cluster, loses datacenter a, previews and executes
the failover from a fresh clone, and verifies the result. After a restore, datacenter a powers on again for a minute.

  --json   print only the report, as JSON, on standard output
  --real   insist on the official Pulumi CLI and plugins and on a real RKE; fail by name without them
  --rke RELEASE     the release of RKE that makes the cluster, with its default version of Kubernetes: v1.5.14; default v1.2.7
  --kubernetes VERSION   another version of Kubernetes: v1.28.14-rancher1-1; hosts get images by its names, and its etcd
  --etcd VERSION    another etcd than that version's image has (3.4: Debian's 3.4.23, 3.5: 3.5.21, or another that the lab builds)
  --installer rke|kubeadm|kubespray|kubekey   who makes the cluster: rke (the default), or another (then topologies/NAME.yaml, or --topology)
  --topology FILE   another topology than Pulumi.yaml's; its datacenter a is lost
  --from WHAT       what to recover from: auto, voter, learner, snapshot or a host; for snapshot the drill takes one
  --method METHOD   forceNewCluster or restore, for a voter
  --learner FAULT   what is wrong with the learner when datacenter a is lost: ${LEARNER_FAULTS.join(", ")}; where its
                    data is of no use the drill takes a snapshot before
  --kill etcd       all members of etcd are killed by -9 at one moment while clients write to the survivor's; then datacenter a
                    loses its power. Counts what the survivor's etcd had acknowledged and its WAL held; without a learner only
  --scenes          with --installer kubeadm: instead, four scenes by hand: a part of the control planes stops, all of them stop, a host
                    has another's certificates, a host is to join without a quorum; each with what preview says at that moment
  --scene NAME      one of them alone: part, all, certificates
  --by-hand         with --installer kubeadm: instead, measures the published way by hand: --force-new-cluster written into etcd's manifest
  --behind          the last writes before the loss don't reach the deploy host's etcd: of several survivors another one is the newest
  --matrix          a drill with the newest release of each line of RKE, v1.2 to v1.7, one after the other; about 20 minutes
  --failback        then give datacenter a its power back, bring it back, and lose it once more
  --return-guard on|off    with --failback: whether returned hosts put themselves in quarantine (default: on)
  --keep   leave the lab up afterwards, to look at (npm run lab -- down takes it down)
  --help

Exit code 0 where all was verified. LAB_DIR names the lab's folder, LAB_RKE a real rke to use, of the same release.
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      json: { type: "boolean" },
      real: { type: "boolean" },
      etcd: { type: "string" },
      rke: { type: "string" },
      kubernetes: { type: "string" },
      matrix: { type: "boolean" },
      installer: { type: "string" },
      topology: { type: "string" },
      from: { type: "string" },
      method: { type: "string" },
      learner: { type: "string" },
      kill: { type: "string" },
      behind: { type: "boolean" },
      scenes: { type: "boolean" },
      scene: { type: "string" },
      "by-hand": { type: "boolean" },
      failback: { type: "boolean" },
      "return-guard": { type: "string" },
      keep: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (values.matrix) {
    const own = ["rke", "kubernetes", "etcd", "installer", "keep", "json"].filter(
      (name) => values[name as keyof typeof values] !== undefined,
    );
    if (own.length > 0)
      throw new LabError(`--matrix: must be without --${own.join(" and --")}, which each drill has of its own`);
    const options = process.argv.slice(2).filter((word) => word !== "--matrix");
    return (await runMatrix(options)) ? 0 : 1;
  }
  const returnGuard = values["return-guard"];
  if (returnGuard !== undefined && returnGuard !== "on" && returnGuard !== "off") {
    throw new LabError(`--return-guard: must be on or off, is "${returnGuard}"`);
  }
  const learner = LEARNER_FAULTS.find((fault) => fault === values.learner);
  if (values.learner !== undefined && !learner) {
    throw new LabError(`--learner: must be one of ${LEARNER_FAULTS.join(", ")}, is "${values.learner}"`);
  }
  const { kill } = values;
  if (kill !== undefined && kill !== "etcd") throw new LabError(`--kill: must be etcd, is "${kill}"`);
  const scene = SCENES.find((name) => name === values.scene);
  if (values.scene !== undefined && !scene)
    throw new LabError(`--scene: must be one of ${SCENES.join(", ")}, is "${values.scene}"`);
  const chosen = installerOption(values.installer);
  const refuseUnbuilt = (installer: LabInstaller) => {
    if (installer === "unit") throw new LabError(`--installer ${installer}: has no drill yet`);
    if (installer === "kubeadm" && (learner || values.from === "learner"))
      throw new LabError(
        "--installer kubeadm: must be without a learner: each kube-apiserver asks the etcd of its own host, and a learner answers it nothing",
      );
    if (installer !== "rke" && installer !== "kubeadm" && (kill || learner))
      throw new LabError(`--installer ${installer}: has no --kill and --learner yet`);
  };
  if (chosen.installer) refuseUnbuilt(chosen.installer);
  for (const name of ["scenes", "scene", "by-hand"] as const)
    if (values[name] && chosen.installer !== "kubeadm")
      throw new LabError(`--${name}: must be with --installer kubeadm, is with ${chosen.installer ?? "none"}`);
  const lab = Lab.open(process.env.LAB_DIR ?? join(dirname(Lab.open().place.dir), "rke-dr-drill"));
  // a second drill would take down the first one's lab, as one that an earlier drill left
  return withLock(`${lab.place.dir}.drill`, `the drill in ${lab.place.dir}`, 0, async () => {
    await takeDownLeft(lab);
    // beside the lab, which goes away with all its files
    const folder = `${lab.place.dir}-report`;
    try {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { recursive: true });
      await lab.up({
        ...etcdVersion(values.etcd),
        ...releaseOptions(values.rke, values.kubernetes),
        ...chosen,
        ...(values.topology === undefined ? {} : { topology: values.topology }),
      });
      // a file of --topology may say it, too
      refuseUnbuilt(installerOf(lab.state().topology));
      if (values.real) await insistOnReal(lab);
      const write = (report: object, text: string) => {
        const json = `${JSON.stringify(report, null, 2)}\n`;
        process.stdout.write(values.json ? json : text);
        writeFileSync(join(folder, "report.json"), json);
      };
      if (values["by-hand"]) {
        const measured = await byHandDrill(lab, folder);
        write(measured, byHandText(measured));
        return 0;
      }
      if (values.scenes || scene) {
        const scenes = await scenesDrill(lab, folder, scene ? [scene] : SCENES);
        write(scenes, scenesText(scenes));
        return scenes.verified ? 0 : 1;
      }
      const report = await failoverDrill(lab, folder, {
        ...(values.from === undefined ? {} : { from: values.from }),
        ...(values.method === undefined ? {} : { method: values.method }),
        ...(learner === undefined ? {} : { learner }),
        ...(kill === undefined ? {} : { kill }),
        ...(values.behind ? { behind: true } : {}),
        failback: values.failback ?? false,
        ...(returnGuard === undefined ? {} : { returnGuard }),
      });
      write(report, reportText(report));
      writeFileSync(join(folder, "report.svg"), reportSvg(report));
      say(`drill: report, picture and logs are in ${folder}`);
      if (values.keep) {
        say(`the lab stays up: LAB_DIR=${lab.place.dir} npm run lab -- status`);
      }
      return report.verified ? 0 : 1;
    } finally {
      if (!values.keep) {
        await lab.down();
      }
    }
  });
}

/** The hosts' own parts can't be had from any registry; what decides a failover can. */
async function insistOnReal(lab: Lab): Promise<void> {
  await lab.engine();
  const hosts = ["kubelet", "kube-proxy", "nginx-proxy", "rke-tools image"];
  const missing = lab.standIns().filter((name) => !hosts.includes(name));
  if (missing.length > 0) {
    throw new LabError(
      `--real: must have the official Pulumi CLI and plugins on PATH and a real rke in LAB_RKE, has stand-ins for: ${missing.join(", ")}`,
    );
  }
}

/** Takes down what an earlier drill left in its own folder; in a folder that LAB_DIR names a lab is refused instead. */
async function takeDownLeft(lab: Lab): Promise<void> {
  const { phase } = await lab.status();
  if (phase !== "down") {
    if (process.env.LAB_DIR !== undefined) {
      throw new LabError(
        `drill: the lab in ${lab.place.dir} must be down, it is ${phase}: run \`npm run lab -- down\``,
      );
    }
    say(`drill: an earlier drill left a lab in ${lab.place.dir}: it is taken down`);
    await lab.down();
  }
}

endWith(main());
