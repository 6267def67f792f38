import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Lab } from "../lab/lab";
import { must } from "../lab/machine/run";
import type { DrillReport } from "./report";

/**
 * Measures the unavoidable time of a recovery on this machine now: etcd and kube-apiserver of a recovered host, killed and started
 * again, etcd told to elect itself; seconds until the API is ready. A recovery's time says something about the program only compared with it.
 */
export async function startAgain(lab: Lab, host: string): Promise<number> {
  const { stdout } = await must(lab.hostCommand(host, ["bash", "-ec", script]), { timeoutSeconds: 180 });
  return Number(stdout) / 1000;
}

const script = `${readFileSync(join(__dirname, "../on-host/lib/etcd/election.sh"), "utf8")}
command=$(docker inspect --format '{{json .Config.Cmd}}' etcd)
[[ $command =~ --cert-file=/etc/kubernetes/ssl/([^\\"]+)\\.pem ]] && certificate=\${BASH_REMATCH[1]}
[[ $command =~ --initial-advertise-peer-urls=([^\\"]+) ]] && peer=\${BASH_REMATCH[1]}
ssl=/etc/kubernetes/ssl
docker kill etcd kube-apiserver >/dev/null
from=$(date +%s%3N)
docker start etcd >/dev/null
(for _ in {1..200}; do if campaign "$peer" "$certificate"; then break; fi; sleep 0.05; done) &
docker start kube-apiserver >/dev/null
until curl -sf -o /dev/null --max-time 2 --cacert $ssl/kube-ca.pem --cert $ssl/kube-node.pem --key $ssl/kube-node-key.pem https://127.0.0.1:6443/readyz; do
  sleep 0.1
done
echo "$(($(date +%s%3N) - from))"
`;

/**
 * How many times the floor the hosts took from the first thing done to etcd to the first write.
 * @throws Error where the report has no first write
 */
export function toFloor(steps: DrillReport["failoverSteps"], floorSeconds: number): number {
  const at = (s: (typeof steps)[number]) => Date.parse(s.startedAt);
  const begin = steps.filter((s) => s.step !== "claim" && s.step !== "preflight").map(at);
  const written = steps.find((s) => s.step === "first-write");
  if (!written) throw new Error("report: must have the step first-write, has not");
  return ((at(written) - Math.min(...begin)) / 1000 + written.seconds) / floorSeconds;
}
