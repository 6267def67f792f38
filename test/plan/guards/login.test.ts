import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { planFailover } from "../../../plan/acts/failover/failover";
import { planPrimary } from "../../../plan/acts/primary/primary";
import { parseTopology } from "../../../plan/declaration/declaration";
import type { HostFacts, Reachable } from "../../../plan/facts/facts";
import type { Observation } from "../../../plan/facts/observation";
import { failoverGuards } from "../../../plan/guards/failover";
import { loginProblems } from "../../../plan/guards/login";
import { primaryGuards } from "../../../plan/guards/primary";
import { nothingSeen } from "../../../plan/review/analysis";
import { allHosts } from "../../../plan/topology/topology";
import { now, survivor } from "../worlds/observations";
import { ready } from "../worlds/settings";

const topology = parseTopology(parse(readFileSync(join(__dirname, "../../../topologies/sudo.yaml"), "utf8")));
const login = (user: string, change: object = {}) => ({ login: { user, runtime: true, recorded: false, ...change } });
const refused = (reason: string): HostFacts => ({ reachable: false, host: "h", reason, refusal: "sudo refused" });

/** All hosts, each in order but for what `change` says of it. */
const seen = (change: Record<string, Partial<Omit<Reachable, "reachable">> | HostFacts>): Observation => ({
  hosts: Object.fromEntries(
    allHosts(topology).map((h): [string, HostFacts] => {
      const own = change[h.name];
      if (own && "reachable" in own) return [h.name, own];
      return [h.name, { ...survivor(topology, h), ...login(h.ssh?.user ?? "rke"), ...own }];
    }),
  ),
  answers: [],
  at: now,
});
const problems = (change: Parameters<typeof seen>[0]) => loginProblems(topology, allHosts(topology), seen(change));

describe("users who become root by sudo", () => {
  it("are no problem if sudo asks nothing, records nothing, and docker is open to them", () =>
    assert.deepEqual(problems({}), []));

  it("get one error for all hosts of a user where sudo refuses, with what to put into sudoers", () => {
    const password = "sudo: a password is required";
    assert.deepEqual(problems({ master1: refused(password), node1: refused(password), master2: refused(password) }), [
      'master1, node1: sudo must make rke root without a password and without a terminal: it says "sudo: a password is required"\nPut `rke ALL=(ALL) NOPASSWD: ALL` and `Defaults:rke !requiretty` into /etc/sudoers.d/rke-dr there (`visudo -f` checks it)',
      'master2: sudo must make ops root without a password and without a terminal: it says "sudo: a password is required"\nPut `ops ALL=(ALL) NOPASSWD: ALL` and `Defaults:ops !requiretty` into /etc/sudoers.d/rke-dr there (`visudo -f` checks it)',
    ]);
  });

  it("are refused where sudo records stdin, by which keys come", () =>
    assert.match(
      problems({ node2: login("ubuntu", { recorded: true }) }).join("; "),
      /^node2: sudo must not record what commands of ubuntu read on stdin, .*: log_input is on\nPut `Defaults:ubuntu !log_input`/,
    ));

  it("are refused where docker isn't open to them, since RKE reaches it as this user", () =>
    assert.match(
      problems({ master3: login("rke", { runtime: false }), node1: login("rke", { runtime: false }) }).join("; "),
      /^node1, master3: rke must be in docker's group, .*: it isn't\n`usermod -aG docker rke` there$/,
    ));

  it("needn't be open to docker for a cluster that RKE didn't make", () =>
    assert.deepEqual(
      loginProblems(
        { ...topology, installer: "kubeadm" },
        allHosts(topology),
        seen({ node2: login("ubuntu", { runtime: false }) }),
      ),
      [],
    ));

  it("stop a failover and a build under `rights`, and under no other guard about reaching hosts", () => {
    const change = { node2: refused("sudo: a password is required") };
    for (const verdicts of [
      failoverGuards(topology, planFailover(topology, ready, seen(change)), seen(change)),
      primaryGuards(topology, planPrimary(topology, 1, nothingSeen), seen(change)),
    ]) {
      const stops = verdicts.filter((v) => !v.ok).map((v) => v.guard);
      assert.ok(stops.includes("rights"), String(stops));
      assert.ok(!stops.some((guard) => /reachable|host keys/.test(guard)), String(stops));
    }
  });
});
