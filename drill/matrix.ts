/** `npm run drill -- --matrix`: one drill after the other, each with another release of RKE. */
import { spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { defaultKubernetes, imageEtcd, newestOfEachLine } from "../lab/build/releases";
import { Lab } from "../lab/lab";
import { say } from "../lab/machine/progress";
import type { DrillReport } from "./report";

/** A drill of the matrix, and how it ended. */
export interface MatrixRow {
  rke: string;
  kubernetes: string;
  etcd: string;
  /** None if the drill ended without one. */
  report?: DrillReport;
}

/**
 * Runs a drill for the newest release of each line, as processes of their own, each with a lab of its own beside the drill's.
 * @param options further options of each drill
 * @returns true if all were verified
 */
export async function runMatrix(options: readonly string[]): Promise<boolean> {
  const base = process.env.LAB_DIR ?? join(dirname(Lab.open().place.dir), "rke-dr-drill");
  const rows: MatrixRow[] = [];
  for (const rke of newestOfEachLine()) {
    const kubernetes = defaultKubernetes(rke);
    say(`matrix: RKE ${rke}, Kubernetes ${kubernetes}`);
    const folder = `${base}-${rke}`;
    const file = join(`${folder}-report`, "report.json");
    rmSync(file, { force: true });
    await drill(folder, ["--rke", rke, ...options]);
    const report = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as DrillReport) : undefined;
    rows.push({ rke, kubernetes, etcd: imageEtcd(kubernetes), ...(report ? { report } : {}) });
  }
  process.stdout.write(matrixText(rows));
  return rows.every(({ report }) => report?.verified);
}

function drill(folder: string, options: readonly string[]): Promise<void> {
  const argv = ["--import", "tsx", join(__dirname, "cli.ts"), ...options];
  const child = spawn(process.execPath, argv, {
    cwd: join(__dirname, ".."),
    env: { ...process.env, LAB_DIR: folder },
    stdio: "inherit",
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", () => resolve());
  });
}

/** A line for each drill. */
export function matrixText(rows: readonly MatrixRow[]): string {
  const lines = rows.map(({ rke, kubernetes, etcd, report }) => {
    const failed = report?.checks.filter(({ ok }) => !ok).map(({ what, found }) => `${what}: ${found}`) ?? [];
    const verdict = report === undefined ? "no report" : report.verified ? "verified" : "NOT verified";
    const figures = report
      ? `RTO ${report.rtoSeconds?.toFixed(1) ?? "-"} s, ${report.writes.lost} of ${report.writes.acknowledged} lost`
      : "";
    return [`RKE ${rke}`, kubernetes, `etcd ${etcd}`, verdict, figures, ...failed].filter(Boolean).join(", ");
  });
  return `\nMATRIX\n${lines.map((line) => `  ${line}\n`).join("")}`;
}
