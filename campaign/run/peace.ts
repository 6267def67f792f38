/** What happens in peace before the disaster: to the cluster's hosts, and to etcd's data. */
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
  const script = scripts[data];
  if (script === undefined) throw new Error(`data: no such value: "${data}"`);
  if (script !== "") {
    const voter = sides.lostVoters[0] ?? "";
    const ran = await lab.execOn(voter, ["bash", "-c", `set -e; e() { docker exec -i etcd etcdctl "$@"; }; ${script}`]);
    if (ran.code !== 0) throw new LabError(`data: ${data}: ${ran.stderr.trim()}`);
    recorder.event(`data: ${data}`);
  }
  recorder.reach("data", data);
}

const revision = `r=$(e get x -w json | grep -o '"revision":[0-9]*' | head -1 | cut -d: -f2)`;
/** Each runs on a voter's host; `e` is etcdctl. */
const scripts: Record<string, string> = {
  "few keys": "",
  "sixty revisions": "for i in $(seq 60); do e put /campaign/same $i; done",
  compacted: `for i in $(seq 20); do e put /campaign/same $i; done; ${revision}; e compact "$r" --physical`,
  "compacted and defragmented": `for i in $(seq 20); do e put /campaign/same $i; done; ${revision}; e compact "$r" --physical; e defrag`,
  leases:
    "for ttl in 60 600 36000; do id=$(e lease grant $ttl | cut -d' ' -f2); for i in 1 2 3; do e put --lease=$id /campaign/lease-$ttl-$i $i; done; done",
  "20 MB":
    "for i in $(seq 20); do head -c 750000 /dev/urandom | base64 -w0 | head -c 1000000 | e put /campaign/big-$i; done",
};
