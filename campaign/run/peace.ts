/** What happens in peace before the disaster: to the cluster's hosts, and to etcd's data. */
import { randomBytes } from "node:crypto";
import { drillCluster } from "../../drill/cluster";
import { snapshotOn } from "../../drill/snapshot";
import type { Lab } from "../../lab/lab";
import { LabError, must } from "../../lab/machine/run";
import type { Workspace } from "../../lab/operator/project";
import type { Choices } from "../draw/axes";
import { withoutHosts } from "./checkout";
import type { Operator } from "./operator";
import type { Recorder } from "./recorder";
import type { Sides } from "./sides";

export interface Peace {
  lab: Lab;
  recorder: Recorder;
  sides: Sides;
  /** Stack primary, at epoch 1. */
  primary: Operator;
}

export async function makePeace({ lab, recorder, sides, primary }: Peace, choices: Choices): Promise<void> {
  const { peace = "" } = choices;
  switch (peace) {
    case "built":
      break;
    case "old snapshot":
      recorder.event(`a snapshot lies on ${sides.survivor.name}: ${await snapshotOn(lab, sides.survivor.name)}`);
      break;
    case "voter lost and taken out": {
      const gone = sides.lostVoters[1] ?? "";
      recorder.event(`${gone} is lost, and taken out of the topology`);
      await lab.powerOff(gone);
      withoutHosts(primary.workspace, gone);
      await committed(lab, primary.workspace, "A host is lost");
      await ended(primary);
      // broken for good: it plays no part from here on
      sides.lostVoters = sides.lostVoters.filter((name) => name !== gone);
      sides.lostHosts = sides.lostHosts.filter(({ name }) => name !== gone);
      break;
    }
    case "host rebuilt": {
      const host = sides.lostVoters[1] ?? "";
      recorder.event(`${host} is set up anew`);
      await lab.rebuild(host);
      await ended(primary);
      break;
    }
    default:
      throw new Error(`peace: no such value: "${peace}"`);
  }
  recorder.reach("peace", peace);
}

async function ended(primary: Operator): Promise<void> {
  if (!(await primary.act())) throw new LabError("stack primary: `up` must end well in peace");
  await primary.upAgain();
}

const committed = (lab: Lab, { project }: Workspace, why: string) =>
  must(["git", "-C", project, "-c", "user.name=lab", "-c", `user.email=lab@localhost`, "commit", "-qam", why]).then(
    () => lab,
  );

export async function makeData({ lab, recorder, sides }: Peace, choices: Choices): Promise<void> {
  const { data = "" } = choices;
  const make = makers[data];
  if (make === undefined) throw new Error(`data: no such value: "${data}"`);
  const { etcdctl } = drillCluster(lab);
  const voter = sides.lostVoters[0] ?? "";
  await make(async (args, input) => {
    const ran = await etcdctl(voter, args.split(" "), input);
    if (ran.code !== 0) throw new LabError(`data: ${data}: etcdctl ${args}: ${ran.stderr.trim()}`);
    return ran.stdout;
  });
  if (data !== "few keys") recorder.event(`data: ${data}`);
  recorder.reach("data", data);
}

/** Runs etcdctl on a voter's host. @param args separated by blanks @returns what it printed */
type Etcdctl = (args: string, input?: string) => Promise<string>;

async function putOften(etcdctl: Etcdctl, times: number): Promise<void> {
  for (let i = 1; i <= times; i++) await etcdctl(`put /campaign/same ${i}`);
}

async function compacted(etcdctl: Etcdctl): Promise<void> {
  await putOften(etcdctl, 20);
  const revision = /"revision":(\d+)/.exec(await etcdctl("get x -w json"))?.[1];
  await etcdctl(`compact ${revision} --physical`);
}

const makers: Record<string, (etcdctl: Etcdctl) => Promise<void>> = {
  "few keys": async () => {},
  "sixty revisions": (etcdctl) => putOften(etcdctl, 60),
  compacted,
  "compacted and defragmented": async (etcdctl) => {
    await compacted(etcdctl);
    await etcdctl("defrag");
  },
  leases: async (etcdctl) => {
    for (const seconds of [60, 600, 36_000]) {
      const lease = (await etcdctl(`lease grant ${seconds}`)).split(" ")[1];
      for (const i of [1, 2, 3]) await etcdctl(`put --lease=${lease} /campaign/lease-${seconds}-${i} ${i}`);
    }
  },
  "20 MB": async (etcdctl) => {
    // a value that doesn't stand in the arguments is read from the standard input
    for (let i = 1; i <= 20; i++) await etcdctl(`put /campaign/big-${i}`, randomBytes(750_000).toString("base64"));
  },
};
