import type { z } from "zod";
import { topologySchema } from "../topology/schema";
import type { Datacenter, EtcdPart, Host, Role, Topology } from "../topology/topology";
import { isMapping, mapping } from "../values/mapping";
import { crossCheck, present } from "./checks";
import { itemOf } from "./problems";

type Shape = typeof topologySchema.shape;

/**
 * What spans several keys of a topology that the schema refuses, as far as it can be read: so that duplicates and references
 * are told together with what the schema found, and not one run later. Nothing is told of what is only absent: the values
 * that lack may be among those that couldn't be read.
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
  // a key that isn't known may have been meant for one that lacks
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
    fence: part("fence", undefined),
    targets: part("targets", undefined),
    accept: part("accept", undefined),
    rke: part("rke", undefined),
    kubeadm: part("kubeadm", undefined),
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
    // told of a host only where its roles are what was meant
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
