/**
 * Every step, by the name under which a host keeps its record, and its script: a path in `on-host/` without `.sh`. A step's name is
 * its script's file name. test/on-host/steps.test.ts compares this list with the folders, and prints it if they differ.
 */
export const stepScripts = {
  addons: "steps/addons",
  adopt: "installers/rke/adopt",
  authorize: "steps/authorize",
  claim: "steps/claim",
  "deploy-files": "steps/deploy-files",
  "etcd-arguments": "steps/etcd-arguments",
  "etcd-demote": "steps/etcd-demote",
  "etcd-join": "steps/etcd-join",
  "etcd-member": "steps/etcd-member",
  "etcd-restore": "steps/etcd-restore",
  "etcd-role": "steps/etcd-role",
  "first-write": "steps/first-write",
  isolate: "steps/isolate",
  "kube-apiserver": "steps/kube-apiserver",
  leader: "steps/leader",
  "lost-nodes": "steps/lost-nodes",
  masterleases: "steps/masterleases",
  purge: "steps/purge",
  quarantine: "steps/quarantine",
  rehearse: "steps/rehearse",
  report: "steps/report",
  "return-guard": "steps/return-guard",
  "rke-state": "installers/rke/rke-state",
  "rke-state-back": "installers/rke/rke-state-back",
  "rke-up": "installers/rke/rke-up",
  snapshot: "steps/snapshot",
  "snapshot-schedule": "steps/snapshot-schedule",
  source: "steps/source",
  trust: "steps/trust",
  unisolate: "steps/unisolate",
  verify: "steps/verify",
  "verify-member": "steps/verify-member",
  "verify-nodes": "steps/verify-nodes",
  "verify-servers": "steps/verify-servers",
  watchers: "steps/watchers",
  workers: "steps/workers",
} as const;

export type StepName = keyof typeof stepScripts;
