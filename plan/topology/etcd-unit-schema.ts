import { z } from "zod";

const text = z.string().min(1, "is empty");
const path = text.refine((value) => value.startsWith("/"), "is not an absolute path");

/** The name of a member of etcd; `--initial-cluster` separates members by commas, and name from URL by "=". */
const member = text.regex(/^[^\s,=]+$/, "has a blank, a comma or a sign =");

/** A topology's `etcdUnit:`: etcd as systemd starts it, the same on each host but for {placeholders} (installers/etcd-unit/settings.ts). */
export const etcdUnitSchema = z.strictObject({
  /** The program of ExecStart=. */
  program: path.default("/usr/local/bin/etcd"),
  /** What ExecStart= has behind the program. */
  arguments: z.array(text).default([]),
  /** The path of the file of settings, EnvironmentFile=. */
  envFile: path.default("/etc/etcd.env"),
  /** The text of that file. */
  env: text,
  /** The user that etcd runs as, User=. */
  user: text.default("root"),
  /** The text of etcd.service, for review; no act changes it. */
  unit: text.optional(),
});

/** The `etcdUnit:` of one host with etcd, where it differs from the topology's. */
export const hostUnitSchema = z.strictObject({
  /** ETCD_NAME. Without it: the host's name. */
  member: member.optional(),
  env: text.optional(),
  arguments: z.array(text).optional(),
});
