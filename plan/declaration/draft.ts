import type { z } from "zod";
import { topologySchema } from "../topology/schema";
import type { Datacenter, EtcdPart, Host, Role, Topology } from "../topology/topology";
import { isMapping, mapping } from "../values/mapping";
import { crossCheck, present } from "./checks";
import { itemOf } from "./problems";

type Shape = typeof topologySchema.shape;

/**
 * Problems that span several keys of a topology which the schema refuses: so duplicates and wrong references are reported in the same run
 * as the schema's problems. Missing parts aren't reported: they may be among the values that couldn't be read.
 */
export function draftProblems(value: unknown, issues: z.core.$ZodIssue[]): string[] {
  if (!isMapping(value)) {
    return [];
  }
  const draft = draftOf(value);
  const unread = new Set(issues.map(({ path }) => String(path[0])));
  const hasVersion = !["kubernetesVersion", "rkeVersion", "etcd", "rke"].some((key) => unread.has(key));
  const problems = unread.has("datacenters") ? present(draft, hasVersion) : crossCheck(draft, hasVersion);
  const told = new Set(issues.filter(({ code }) => code !== "unrecognized_keys").map(({ path }) => itemOf(path)));
  const isTold = (problem: string) => told.has(problem.slice(0, problem.indexOf(": ")));
  // an unknown key may be a misspelt one, so a missing key isn't reported beside it
  return problems.filter((problem) => !isTold(problem) && !problem.endsWith(": nothing"));
}

function draftOf(value: Record<string, unknown>): Topology {
  const part = <K extends keyof Shape>(key: K, otherwise: unknown) => {
    const read = topologySchema.shape[key].safeParse(value[key]);
    return (read.success ? read.data : topologySchema.shape[key].safeParse(otherwise).data) as z.infer<Shape[K]>;
  };
  const datacenters = Array.isArray(value.datacenters) ? value.datacenters : [];
  return {
    installer: part("installer", undefined),
    cluster: text(value.cluster),
    kubernetesVersion: text(value.kubernetesVersion),
    rkeVersion: part("rkeVersion", undefined),
    standby: text(value.standby),
    pki: part("pki", undefined),
    ssh: part("ssh", {}),
    serviceCidr: part("serviceCidr", undefined),
    clusterDomain: part("clusterDomain", undefined),
    etcd: part("etcd", undefined),
    kubeApi: part("kubeApi", undefined),
    order: part("order", undefined),
    bootHold: part("bootHold", undefined),
    fence: part("fence", undefined),
    fenceTest: part("fenceTest", undefined),
    attest: part("attest", undefined),
    targets: part("targets", undefined),
    sources: part("sources", undefined),
    accept: part("accept", undefined),
    rke: part("rke", undefined),
    kubeadm: part("kubeadm", undefined),
    etcdUnit: part("etcdUnit", undefined),
    datacenters: datacenters.map((dc, i) => datacenterOf(mapping(dc), i)),
  };
}

function datacenterOf(dc: Record<string, unknown>, i: number): Datacenter {
  const name = text(dc.name, `datacenters[${i}]`);
  const hosts = Array.isArray(dc.hosts) ? dc.hosts : [];
  return {
    name,
    witness: dc.witness === true,
    deployHost: typeof dc.deployHost === "string" ? dc.deployHost : undefined,
    hosts: hosts.map((host, j) => hostOf(mapping(host), name, `${i}.${j}`)),
  };
}

function hostOf(host: Record<string, unknown>, datacenter: string, position: string): Host {
  const words: unknown[] = Array.isArray(host.roles) ? host.roles : [];
  const roles = words.filter(isRole);
  const address = text(host.address, `address of ${position}`);
  const implied: EtcdPart = roles.includes("etcd") ? "voter" : "none";
  const isWhole = roles.length === words.length && roles.length > 0;
  return {
    name: text(host.name, `host ${position}`),
    address,
    internalAddress: text(host.internalAddress, address),
    roles,
    // `etcd` is only checked against roles that could all be read
    etcd: isPart(host.etcd) && (isWhole || host.etcd === "learner") ? host.etcd : implied,
    labels: {},
    taints: [],
    hostKey: "unpinned",
    datacenter,
  };
}

const isRole = (word: unknown): word is Role => word === "controlplane" || word === "etcd" || word === "worker";
const isPart = (word: unknown): word is EtcdPart => word === "voter" || word === "learner" || word === "none";

/** The text, or a stand-in that equals no other. */
const text = (value: unknown, otherwise = ""): string => (typeof value === "string" ? value : otherwise);
