import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { readTopologyFile } from "../../cli/topology-file";
import { Lab } from "../../lab/lab";
import { until } from "../../lab/machine/run";
import { readCertificates } from "../../observe/certificates";
import { onHostScript } from "../../on-host";
import { parseFacts } from "../../plan/facts/facts";
import { systemd } from "../../plan/runtimes/systemd/systemd";
import { allHosts } from "../../plan/topology/topology";
import { onRequest } from "../e2e/on-request";
import { nothingLeft } from "./nothing-left";

for (const installer of ["kubespray", "kubekey"] as const) {
  onRequest(
    installer,
    `a lab as ${installer} makes it: etcd as a real unit, kube-apiserver as a static pod`,
    function () {
      this.timeout(900_000);
      const parent = mkdtempSync(join(tmpdir(), `rke-lab-${installer}-`));
      const lab = Lab.open(join(parent, "lab"));
      const hosts = allHosts(readTopologyFile(join(__dirname, `../../topologies/${installer}.yaml`)));
      const stores = hosts.filter(({ roles }) => roles.includes("etcd")).map(({ name }) => name);
      const servers = hosts.filter(({ roles }) => roles.includes("controlplane"));
      const last = servers.at(-1)?.name ?? "";
      // KubeKey's etcd is on hosts of its own
      const store = stores.at(-1) ?? "";
      const isApart = !stores.includes(last);
      const on = async (host: string, ...argv: string[]) => (await lab.execOn(host, argv)).stdout.trim();
      const ready = async () => {
        const path = '{range .items[*]}{.metadata.name}={.status.conditions[?(@.type=="Ready")].status} {end}';
        const asked = await lab.kubectl(["--request-timeout=5s", "get", "nodes", "-o", `jsonpath=${path}`]);
        return asked.code === 0 ? asked.stdout.trim().split(" ").sort() : [];
      };
      const library = `set -euo pipefail\ndie() { echo "died: $*" >&2; exit 9; }\n${onHostScript("runtimes/systemd")}\n`;
      const shell = async (host: string, commands: string) => {
        const ran = await lab.execOn(host, ["bash", "-s"], { input: `${library}${commands}\n` });
        assert.equal(ran.code, 0, `${commands}\n${ran.stdout}${ran.stderr}`);
        return ran.stdout.trim();
      };

      before(async function () {
        this.timeout(3_600_000); // the first time, Kubernetes is built
        await lab.up({ installer });
      });
      after(async () => {
        await lab.down();
        rmSync(parent, { recursive: true });
      });

      it("the API answers, all Nodes are Ready; each host of etcd has it as an active unit, with all as voters", async () => {
        const nodes = hosts.filter(({ roles }) => roles.some((role) => role !== "etcd"));
        assert.deepEqual(await ready(), nodes.map(({ name }) => `${name}=True`).sort());
        for (const host of stores) assert.equal(await on(host, "systemctl", "is-active", "etcd"), "active");
        assert.equal((await shell(store, "process_etcdctl etcd '' member list")).split("\n").length, stores.length);
        const { hosts: seen, standIns } = await lab.status();
        const containers = seen
          .find(({ name }) => name === last)
          ?.containers.filter(({ state }) => state === "running");
        assert.deepEqual(
          containers?.map(({ name }) => name),
          [...(isApart ? [] : ["etcd"]), "kube-apiserver", "kube-controller-manager", "kube-scheduler"],
        );
        assert.ok(standIns.includes(installer));
      });

      it("each kube-apiserver is a static pod that asks every etcd", async () => {
        for (const { name } of servers) {
          const pod = parse(await on(name, "cat", "/etc/kubernetes/manifests/kube-apiserver.yaml"));
          const command: string[] = pod.spec.containers[0].command;
          const asked = command
            .find((word) => word.startsWith("--etcd-servers="))
            ?.split("=")[1]
            ?.split(",");
          assert.equal(asked?.length, stores.length, String(asked));
        }
        assert.equal(
          await on(last, "bash", "-c", "ls /etc/kubernetes/manifests/etcd.yaml 2>&1 | grep -c 'No such'"),
          "1",
        );
      });

      it("the program's look reads etcd from its unit, and the control plane from its pods", async () => {
        const look = onHostScript("look/facts", { runtime: "systemd", installer });
        const factsOf = async (host: string) => {
          const read = await lab.execOn(host, ["bash", "-s", "--", "1", "1.3", "", ""], { input: look });
          return parseFacts(host, read.stdout, Date.now(), readCertificates, systemd);
        };
        const [facts, { etcd, members, processes }] = [await factsOf(last), await factsOf(store)];
        assert.match(`${etcd?.version} ${etcd?.quorum} ${etcd?.learner}`, /^3\.\d+\.\d+ true false$/);
        assert.equal(members.length, stores.length);
        assert.deepEqual(
          Object.values({ ...processes, ...facts.processes }).map(({ name, status }) => `${name} ${status}`),
          ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"].map((name) => `${name} running`),
        );
        assert.ok((facts.nodes?.length ?? 0) > 1);
        assert.match(facts.tools.runtime, /^\d/);
      });

      it("etcd is set aside and brought back while its kube-apiserver goes on, and pods beside it are told from units", async () => {
        await shell(store, "process_set_aside etcd etcd-before-epoch-9 0");
        assert.deepEqual(
          (await shell(store, "process_names"))
            .split("\n")
            .filter((name) => !/manager|scheduler/.test(name))
            .sort(),
          ["etcd-before-epoch-9", ...(isApart ? [] : ["kube-apiserver"])],
        );
        await until("an answer of the API, by another etcd", 60, async () => (await ready()).length > 0);
        await shell(store, "process_bring_back etcd-before-epoch-9 etcd");
        const member =
          "process_etcdctl etcd '' --command-timeout=2s endpoint health >/dev/null 2>&1 && echo yes || echo no";
        await until("its health", 60, async () => (await shell(store, member)) === "yes");
      });

      it("kube-apiserver gets other --etcd-servers while the kubelet is stopped, and etcd isn't touched", async () => {
        const line = await shell(last, "process_describe kube-apiserver");
        const found = systemd.read(line);
        const own = found.process.entrypoint.map((word) =>
          word.startsWith("--etcd-servers=") ? `${word.split(",")[0]}` : word,
        );
        const spec = systemd.spec({ ...found.process, entrypoint: own }, 9, { base: found });
        const pid = await shell(store, "process_pid etcd");
        await shell(
          last,
          `process_set_aside kube-apiserver kube-apiserver-before-epoch-9 0
        process_create kube-apiserver '${spec}'; process_start kube-apiserver`,
        );
        assert.equal(await shell(store, "process_pid etcd"), pid);
        const asked = await shell(last, "process_command kube-apiserver | grep etcd-servers");
        assert.doesNotMatch(asked, /,/);
        await shell(
          last,
          "process_drop kube-apiserver; process_bring_back kube-apiserver-before-epoch-9 kube-apiserver",
        );
        await until("an answer of the API", 90, async () => (await ready()).length > 0);
      });

      it("everything comes back after a power cut of all hosts, and nothing is left after `down`", async () => {
        for (const { name } of hosts) await lab.powerOff(name);
        await lab.powerOn(...hosts.map(({ name }) => name));
        await until(
          "all Nodes Ready",
          180,
          async () => (await ready()).every((node) => node.endsWith("=True")) && (await ready()).length > 0,
        );
        await lab.down();
        await nothingLeft(lab);
      });
    },
  );
}
