/**
 * Looks at a lab's hosts and prints what guards stop a failover, without Pulumi: many cases in little time.
 * Arguments: PULUMI_YAML, the failover's settings as JSON. Runs as the operator.
 */
import { readTopologyFile } from "../../cli/topology-file";
import { observe } from "../../observe/observe";
import { planFailover } from "../../plan/acts/failover/failover";
import type { FailoverSettings } from "../../plan/acts/failover/plan";
import { sourceSearch } from "../../plan/etcd/source-search";
import { failoverGuards } from "../../plan/guards/failover";
import type { Verdict } from "../../plan/guards/verdict";
import { lostHosts, survivors } from "../../plan/topology/order";
import { readSshAccess } from "../../reach/ssh-access";
import { signingOf } from "../../signed";

async function main([file = "", json = "{}"]: string[]): Promise<void> {
  const topology = readTopologyFile(file);
  const settings = JSON.parse(json) as FailoverSettings;
  const left = survivors(topology, settings.lost);
  const seen = await observe(
    left,
    lostHosts(topology, settings.lost),
    readSshAccess(topology),
    settings.epoch,
    topology.installer,
    sourceSearch(topology, settings),
  ).whole;
  const plan = planFailover(topology, settings, seen);
  const verdicts = failoverGuards(topology, plan, seen, signingOf(topology, plan, undefined));
  const stops = verdicts.filter((v) => !v.ok);
  // below what is wrong, the ways on
  const ways = ({ problems }: Verdict) => problems.flatMap((text) => text.split("\n").slice(1));
  console.log(JSON.stringify(stops.map((v) => [`${v.guard}: ${v.found}`, ...ways(v)].join("\n"))));
}

void main(process.argv.slice(2));
