import type { StepName } from "./names";

/**
 * The phases of an act: what a step may touch. They are no order, which each step's `after` gives: a failback replaces a kube-apiserver before
 * it moves etcd's leader, for example.
 * - claim: the host records the epoch; from then on it refuses older ones. Nothing else changes.
 * - secure: what the act needs is prepared beside what runs. Nothing that runs is touched, and all of it can be taken back; but an etcd without quorum that gives
 *   no snapshot and never stops to write is stopped for its database (decision 23).
 * - swap: a process of etcd is replaced, set aside, joined or made the leader.
 * - serve: a kube-apiserver is replaced, and the API takes writes.
 * - tidy: what held on to the old state is cleaned up or restarted. The API serves without it.
 * - settle: the installer's own files and run, so that it finds nothing to do.
 * - verify: the result is looked at and kept.
 */
export type Phase = "claim" | "secure" | "swap" | "serve" | "tidy" | "settle" | "verify";

/** The phase of every step. */
const phases: Record<StepName, Phase> = {
  claim: "claim",

  authorize: "secure",
  "deploy-files": "secure",
  "etcd-spare": "secure",
  lost: "secure",
  rehearse: "secure",
  snapshot: "secure",
  "snapshot-bring": "secure",
  source: "secure",
  trust: "secure",

  "etcd-arguments": "swap",
  "etcd-aside": "swap",
  "etcd-demote": "swap",
  "etcd-depart": "swap",
  "etcd-join": "swap",
  "etcd-leave": "swap",
  "etcd-member": "swap",
  "etcd-restore": "swap",
  isolate: "swap",
  leader: "swap",
  leave: "swap",
  quarantine: "swap",
  unisolate: "swap",

  "control-plane-back": "serve",
  endpoint: "serve",
  "etcd-servers": "serve",
  "first-write": "serve",
  "kube-apiserver": "serve",

  addons: "tidy",
  "etcd-role": "tidy",
  "lost-nodes": "tidy",
  masterleases: "tidy",
  "nodes-back": "tidy",
  purge: "tidy",
  "return-guard": "tidy",
  "snapshot-schedule": "tidy",
  watchers: "tidy",
  workers: "tidy",

  adopt: "settle",
  "external-endpoints": "settle",
  "rke-nodes": "settle",
  "rke-state": "settle",
  "rke-state-back": "settle",
  "rke-up": "settle",

  report: "verify",
  verify: "verify",
  "verify-data": "verify",
  "verify-member": "verify",
  "verify-nodes": "verify",
  "verify-servers": "verify",
};

export const phaseOf = (script: StepName): Phase => phases[script];

/**
 * If a step of the phase may run while it isn't certain yet that the lost side is silent: only what can be taken back may. A
 * lost side that answers late then finds its old etcd untouched.
 */
export const mayRunBeforeSilence = (phase: Phase): boolean => phase === "claim" || phase === "secure";
