import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { machineProblems, thisMachine } from "../../lab/build/toolchain";
import { Lab } from "../../lab/lab";
import { until } from "../../lab/machine/run";
import { onHostScript, onHostText } from "../../on-host";
import { docker } from "../../plan/runtimes/docker/docker";
import type { Process } from "../../plan/runtimes/process";
import type { Runtime } from "../../plan/runtimes/runtime";
import { staticPod } from "../../plan/runtimes/static-pod/static-pod";
import { systemd } from "../../plan/runtimes/systemd/systemd";
import { isRequested } from "../e2e/on-request";
import { defined } from "../on-host/calls";

/** The means by which a runtime is tried on a lab host, and the answers that are its own. */
interface Subject {
  runtime: Runtime;
  /** A topology of one host, h1. */
  topology: string;
  /** Shell that is run once, when the host is on. */
  prepare: string;
  /** An image with a shell that the host has, and how it is found. */
  image: string;
  imageLike: string;
  /** Shell that ends the runtime's daemon without its processes' knowledge and starts it again. */
  restartDaemon: string;
  /** Shell after which the runtime doesn't answer. */
  silence: string;
  /** Shell after which a resident process without a spec is refused. */
  refuseResident: string;
  /** How etcdctl is asked at these endpoints. */
  etcdctlAt(endpoints: string): string;
  /** A spec with a place for a limit of memory; undefined if the runtime has none. */
  unlimited?: string;
  /** The first lines of runtime_facts. */
  facts: RegExp;
  /** Set if the suite takes minutes, and runs on request only. */
  onRequest?: string;
}

const address = "hosts: [{name: h1, address: 10.9.0.1";
const subjects: Subject[] = [
  {
    runtime: docker,
    topology: `datacenters: [{name: a, deployHost: h1, ${address}}]}]\n`,
    prepare: "true",
    image: "rancher/rke-tools:v0.1.72",
    imageLike: "(^|/)rke-tools:",
    restartDaemon: `pid=$(cat /run/docker.pid); mapfile -d '' -t argv <"/proc/$pid/cmdline"; kill "$pid"
      while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
      setsid "\${argv[@]}" >>/var/log/rke-lab/dockerd.log 2>&1 </dev/null &
      until process_names >/dev/null 2>&1; do sleep 0.2; done`,
    silence: "export DOCKER_HOST=unix:///nowhere",
    refuseResident: "true",
    etcdctlAt: (endpoints) => `${endpoints} `,
    unlimited: '{"HostConfig":{"Memory":0}}',
    facts: /^curl=yes\n[a-z]+=\d+\.\d+/,
  },
  {
    runtime: staticPod,
    topology: [
      "installer: kubeadm",
      "kubernetesVersion: v1.36.3",
      "kubeadm: {etcd: {local: {imageTag: 3.6.16-0}}}",
      `datacenters: [{name: a, ${address}, roles: [controlplane, etcd]}]}]\n`,
    ].join("\n"),
    // a kubelet of its own, without any API server: its static pods are the same
    prepare: `printf '%s\n' 'apiVersion: kubelet.config.k8s.io/v1beta1' 'kind: KubeletConfiguration' 'cgroupDriver: cgroupfs' \
        'failCgroupV1: false' 'enableServer: false' 'staticPodPath: /etc/kubernetes/manifests' 'imageGCHighThresholdPercent: 100' \
        'evictionHard: {imagefs.available: 0%, memory.available: 0%, nodefs.available: 0%, nodefs.inodesFree: 0%}' \
        'authentication: {webhook: {enabled: false}}' 'authorization: {mode: AlwaysAllow}' >/var/lib/kubelet/config.yaml
      printf '[Service]\\nEnvironment=KUBELET_KUBECONFIG_ARGS=\\n' >/etc/systemd/system/kubelet.service.d/20-alone.conf
      systemctl daemon-reload; systemctl restart kubelet`,
    image: "registry.lab.test/busybox:1",
    imageLike: "(^|/)busybox:",
    restartDaemon: "systemctl restart containerd; systemctl restart kubelet",
    silence: 'cri() { crictl --runtime-endpoint unix:///nowhere "$@"; }',
    refuseResident: "rm /root/watch.sh",
    etcdctlAt: (endpoints) => (endpoints === "" ? "" : `--endpoints=${endpoints} `),
    facts: /^containerd=1\.\d+.*\ncurl=yes\nkubelet=v1\.36\.3$/,
    onRequest: "static-pod",
  },
  {
    runtime: systemd,
    topology: `installer: unit\ndatacenters: [{name: a, ${address}}]}]\n`,
    // Debian's own etcd is left
    prepare: "rm /usr/local/bin/etcd /usr/local/bin/etcdctl",
    image: "/usr/bin/etcd",
    imageLike: "(^|/)[a-z-]*etcd:",
    restartDaemon: "systemctl daemon-reexec",
    silence: "systemctl() { echo 'no answer'; return 1; }",
    refuseResident: "rm /root/watch.sh",
    etcdctlAt: (endpoints) => `${endpoints} `,
    facts: /^systemd=25\d.*\ncurl=yes$/,
    onRequest: "unit",
  },
];

const problems = machineProblems(thisMachine());
const suite = problems.length === 0 ? describe : describe.skip;
const why = problems.length === 0 ? "" : ` (skipped: ${problems.join("; ")})`;

for (const subject of subjects) {
  const { runtime, image, restartDaemon } = subject;
  const text = onHostScript(`runtimes/${runtime.name}`);

  describe(`runtime ${runtime.name}`, () => {
    it("defines every function that its head promises", () => {
      // docker's file explains the names for every runtime
      const contract = onHostText("runtimes/docker");
      const head = contract.slice(0, contract.indexOf("\n# shellcheck shell=bash"));
      const promised = [...head.matchAll(/^# {3}([a-z]+_[a-z_]+) /gm)].map((found) => found[1] ?? "");
      assert.ok(promised.length > 35, String(promised.length));
      assert.deepEqual(
        promised.filter((name) => !defined(text).includes(name)),
        [],
      );
    });
  });

  const wanted = subject.onRequest === undefined || isRequested(subject.onRequest);
  const asked = wanted ? suite : describe.skip;
  const reason = wanted ? why : ` (skipped: takes minutes; RKE_DR_E2E=${subject.onRequest} runs it)`;
  asked(`runtime ${runtime.name} on a real host${reason}`, function () {
    this.timeout(240_000);
    const parent = mkdtempSync(join(tmpdir(), "rke-runtime-"));
    const lab = Lab.open(join(parent, "lab"));

    /** Runs shell on the host with the runtime's functions; fails if it fails. */
    async function shell(commands: string): Promise<string> {
      const prelude = `set -euo pipefail\ndie() { echo "died: $*" >&2; exit 9; }\n${text}\n`;
      const result = await lab.execOn("h1", ["bash", "-s"], { input: `${prelude}${commands}\n` });
      assert.equal(result.code, 0, `${commands}\n${result.stdout}${result.stderr}`);
      return result.stdout.trim();
    }
    const fails = async (commands: string) => shell(`said=$( (${commands}) 2>&1 ) && exit 1; printf '%s' "$said"`);
    const status = (name: string) => shell(`process_status ${name}; echo "$status"`);
    const planned = (name: string, script: string): Process => ({
      name,
      image,
      entrypoint: ["sh", "-c"],
      cmd: [script],
      env: ["GREETING=hello"],
      binds: [],
      volumesFrom: [],
      labels: { "rke-dr.tried": "1" },
    });
    const serving = "trap 'echo got TERM; exit 3' TERM; echo first; echo second >&2; while :; do sleep 0.1; done";
    const create = (name: string, script = serving, once = false) =>
      shell(`process_create ${name} '${runtime.spec(planned(name, script), 4, { once }).replaceAll("'", "'\\''")}'`);
    const drop = (...names: string[]) => shell(`process_drop ${names.join(" ")}`);
    const begin = async (name: string, script = serving) => {
      await create(name, script);
      await shell(`process_start ${name}`);
      await until(
        `${name}'s trap`,
        20,
        async () => script !== serving || (await shell(`process_log ${name}`)).includes("second"),
      );
    };
    const reboot = async () => {
      await lab.powerOff("h1");
      await lab.powerOn("h1");
    };

    before(async function () {
      this.timeout(1_800_000); // the first time, Kubernetes is built
      const topology = join(parent, "one.yml");
      writeFileSync(topology, subject.topology);
      await lab.up({ topology, cluster: false });
      await shell(subject.prepare);
    });
    afterEach(() => shell('for name in $(process_names); do process_drop "$name"; done'));
    after(async () => {
      await lab.down();
      rmSync(parent, { recursive: true });
    });

    it("process_create doesn't start it, process_start does, a second start changes nothing", async () => {
      assert.equal(await status("web"), "missing");
      await create("web");
      assert.equal(await status("web"), "created");
      assert.match(await fails("process_create web '{}'"), /died: /);
      await shell("process_start web");
      const [pid, id] = [await shell("process_pid web"), await shell("process_id web")];
      await shell("process_start web");
      assert.deepEqual([await shell("process_pid web"), await shell("process_id web")], [pid, id]);
      assert.match(id, /^[0-9a-f]{12}$/);
      assert.equal(await status("web"), "running");
      assert.match(await shell(`tr '\\0' ' ' </proc/${pid}/cmdline`), /^sh -c trap/);
      await drop("web");
      assert.equal(await status("web"), "missing");
      await drop("web");
    });

    it("runtime_open_to is true of root, and false of a user who has no right to it", async () => {
      assert.equal(await shell("runtime_open_to root && ! runtime_open_to nobody && echo so"), "so");
    });

    it("process_runs, process_present and process_history say what is there", async () => {
      const seen = (name: string) =>
        shell(`runs=0; process_runs ${name} || runs=$?; there=0; process_present ${name} || there=$?
          history=$(process_history ${name}) || history=none; echo "$runs $there \${history%%T*}"`);
      assert.equal(await seen("web"), "2 1 none");
      await create("web");
      assert.match(await seen("web"), /^1 0 created 0 /);
      await shell("process_start web");
      assert.match(await seen("web"), /^0 0 running 0 20\d\d-\d\d-\d\d$/);
      await drop("web");
    });

    it("process_status: exited, and restarting for one that ends over and over", async () => {
      await create("once", "exit 5", true);
      await shell("process_start once");
      await until("its end", 20, async () => (await status("once")) === "exited");
      assert.equal(await shell("process_exit_code once"), "5");
      await begin("loop", "exit 5");
      await until("a restart", 30, async () => /^restarting [1-9]/.test(await shell("process_history loop")));
      await until("the word for it", 30, async () => (await status("loop")) === "restarting");
      await shell("process_set_aside loop loop-before-epoch-4 10");
      assert.equal(await status("loop-before-epoch-4"), "exited");
      await drop("once", "loop-before-epoch-4");
    });

    it("process_bring_back undoes process_set_aside: it runs again, also after a boot", async () => {
      await begin("web");
      const id = await shell("process_id web");
      await shell("process_set_aside web web-before-epoch-4 0; process_bring_back web-before-epoch-4 web");
      assert.deepEqual([await status("web"), await status("web-before-epoch-4")], ["running", "missing"]);
      assert.equal(await shell("process_id web"), id);
      await reboot();
      await until("its start at boot", 30, async () => (await status("web")) === "running");
      await drop("web");
    });

    it("process_stop lets it end in its own way; without grace it is killed and gets no SIGTERM", async () => {
      await begin("web");
      await begin("other");
      await shell("process_stop 10 web other");
      assert.deepEqual([await shell("process_exit_code web"), await shell("process_exit_code other")], ["3", "3"]);
      assert.match(await shell("process_log web"), /got TERM/);
      await shell("process_start web; process_stop 0 web");
      assert.equal(await shell("process_exit_code web"), "137");
      assert.equal((await shell("process_log web")).match(/got TERM/g)?.length, 1);
      await shell("process_stop 0 web");
      assert.equal(await status("web"), "exited");
      await shell("process_start web");
      assert.match(await fails("process_delete web"), /./);
      assert.equal(await status("web"), "running");
      const pid = await shell("process_pid web");
      await shell("process_restart 1 web");
      assert.notEqual(await shell("process_pid web"), pid);
      await shell("process_stop 0 web; process_delete web other");
      assert.equal(await status("web"), "missing");
    });

    it("process_log: both streams, the last lines, and from a time on", async () => {
      await begin("web");
      assert.deepEqual((await shell("process_log web")).split("\n").sort(), ["first", "second"]);
      assert.equal(await shell("process_log web 1 | wc -l"), "1");
      await shell("process_stop 10 web");
      const later = await shell("sleep 1.1; date -u +%Y-%m-%dT%H:%M:%SZ; process_start web >&2");
      await until("its second start", 20, async () => (await shell("process_log web")).match(/second/g)?.length === 2);
      assert.deepEqual((await shell(`process_log web all ${later}`)).split("\n").sort(), ["first", "second"]);
      await drop("web");
    });

    it("a description is what the plan's half reads: its line, and the one that is kept", async () => {
      await begin("web");
      const found = runtime.read(await shell("process_describe web"));
      assert.deepEqual([found.name, found.status, found.epoch, found.restarts], ["web", "running", 4, 0]);
      assert.deepEqual([found.process.entrypoint, found.process.cmd], [["sh", "-c"], [serving]]);
      assert.deepEqual(
        runtime.differs(planned("web", serving), found.process).filter((line) => line.startsWith("-")),
        [],
      );
      assert.equal(await shell("process_describe web absent 2>/dev/null | wc -l || true"), "1");
      const kept = await shell(
        'process_keep_description web old "/tmp/kept"; cat "/tmp/kept/old.$kept_as"; ls /tmp/kept >&2',
      );
      assert.equal(runtime.read(kept).name, "old");
      assert.deepEqual((await shell("process_command web")).split("\n"), ["sh", "-c", serving]);
      assert.match(await shell("process_commands"), /^web .*sh -c/m);
      assert.equal(await shell("process_names"), "web");
      assert.equal(await shell('[[ $(process_marked rke-dr.tried) == "$(process_id web)" ]] && echo same'), "same");
      const spec = (script: string) => `'${runtime.spec(planned("web", script), 4).replaceAll("'", "'\\''")}'`;
      await shell(`process_matches web ${spec(serving)}`);
      await fails(`process_matches web ${spec("sleep 1")}`);
      await drop("web");
    });

    it("what is set aside isn't started by a restart of the daemon or of the host; what isn't, is", async () => {
      await begin("kept");
      await begin("old");
      await begin("resting");
      await shell("process_set_aside old old-before-epoch-4 0; process_disable resting; process_rename resting rested");
      assert.equal(await status("old"), "missing");
      await shell(restartDaemon);
      await until("the kept one", 30, async () => (await status("kept")) === "running");
      assert.equal(await status("old-before-epoch-4"), "exited");
      await reboot();
      await until("the kept one", 30, async () => (await status("kept")) === "running");
      assert.equal(await status("old-before-epoch-4"), "exited");
      assert.equal(await status("rested"), "exited");
      assert.equal(runtime.read(await shell("process_describe old-before-epoch-4")).process.name, "old-before-epoch-4");
      await drop("kept", "old-before-epoch-4", "rested");
    });

    it("a resident process runs in the host's own root, and again after its end and after a reboot", async () => {
      const names = () => shell("cat /root/ran 2>/dev/null || true");
      const spec = runtime.spec(
        {
          ...planned("watch", ""),
          entrypoint: ["chroot", "/host", "bash", "/root/watch.sh"],
          cmd: [],
          binds: ["/:/host"],
        },
        4,
      );
      await shell(
        `printf 'echo "$$" >>/root/ran; sleep 1000\\n' >/root/watch.sh; process_keep_resident watch /root/watch.sh '${spec}'`,
      );
      await until("its start", 20, async () => (await names()) !== "");
      await shell('kill -KILL "$(process_pid watch)"');
      await until("its second start", 30, async () => (await names()).split("\n").length === 2);
      await reboot();
      await until("its third start", 30, async () => (await names()).split("\n").length === 3);
      await shell(`process_keep_resident watch /root/watch.sh '${spec}'`);
      await drop("watch");
      assert.equal(await status("watch"), "missing");
      assert.match(
        await fails(`${subject.refuseResident}; process_keep_resident watch /root/watch.sh`),
        /died: watch: /,
      );
    });

    it("a resident process that brings no spec gets the runtime's own", async () => {
      await create("kubelet");
      await shell(
        `printf 'echo "$$" >>/root/ran; sleep 1000\\n' >/root/watch.sh; rm -f /root/ran; process_keep_resident watch /root/watch.sh`,
      );
      await until("its start", 20, async () => (await shell("cat /root/ran 2>/dev/null || true")) !== "");
      await drop("watch", "kubelet");
    });

    it("a program that is run alone has no network, sees what is mounted, and leaves nothing", async () => {
      const inside = (options: string, script: string) => shell(`run_alone ${image} sh ${options} -- -c '${script}'`);
      await shell("mkdir -p /tmp/shared; echo there >/tmp/shared/file");
      assert.equal(await inside("", 'cat /proc/net/dev | tail -n +3 | cut -d: -f1 | tr -d " "'), "lo");
      assert.match(await inside("--host-network", "cat /proc/net/dev"), /eth0/);
      assert.equal(
        await inside("--env GREETING=hello --read /tmp/shared:/seen", "cat /seen/file; echo $GREETING"),
        "there\nhello",
      );
      for (const way of ["--read", "--look"])
        assert.match(
          await fails(`run_alone ${image} sh ${way} /tmp/shared:/seen -- -c 'echo x >/seen/file'`),
          /[Rr]ead-only/,
        );
      await inside("--name reader --mark rke-dr.reader --last --write /tmp/shared:/seen", "echo written >/seen/file");
      assert.equal(await shell("cat /tmp/shared/file"), "written");
      assert.match(
        await fails(`run_alone ${image} sh --unknown -- -c true`),
        /died: run_alone: unknown option --unknown/,
      );
      assert.equal(await shell(`ended=0; run_alone ${image} sh -- -c 'exit 6' || ended=$?; echo $ended`), "6");
      const ended = await shell(
        `ended=0; time_limit=1 run_alone ${image} sh --name slow -- -c 'sleep 1000' || ended=$?; echo $ended`,
      );
      assert.match(ended, /^(124|137)$/);
      await drop("slow");
      assert.equal(await shell("process_names; process_marked rke-dr.reader"), "");
    });

    it("a named program that outlives its killed caller is asked and stopped by its name, and its name is free once it is dropped", async () => {
      const begins = async () => {
        // the caller and what it called are killed, as by the end of a step; the program runs on
        await shell(
          `setsid bash -c '${text.replaceAll("'", "'\\''")}
run_alone ${image} sh --name orphan -- -c "sleep 1000"' >/dev/null 2>&1 & echo $! >/tmp/caller`,
        );
        await until("the program", 20, async () =>
          (await shell("process_exec orphan echo there 2>/dev/null || true")).includes("there"),
        );
        await shell("kill -9 -- -$(cat /tmp/caller) 2>/dev/null || true");
      };
      await begins();
      assert.equal(await shell("process_exec orphan echo asked"), "asked");
      await shell("process_stop 1 orphan");
      assert.match(await shell("process_exec orphan echo runs 2>&1 || echo stopped"), /stopped$/);
      await drop("orphan");
      await begins();
      await drop("orphan");
      assert.equal(await shell(`run_alone ${image} echo --name orphan -- free`), "free");
    });

    it("a process without network has its own loopback alone, is asked from inside, and is gone when dropped", async () => {
      const isolated = runtime.spec(planned("web", serving), 4, { once: true, isolated: true });
      await shell(`process_create web '${isolated.replaceAll("'", "'\\''")}'`);
      assert.equal(await status("web"), "created");
      await shell("process_start web");
      const networks = () => shell("process_exec web cat /proc/net/dev | tail -n +3 | cut -d: -f1 | tr -d ' '");
      await until("its container", 20, async () => (await networks().catch(() => "")) === "lo");
      assert.equal(await status("web"), "running");
      await shell("process_stop 5 web");
      assert.equal(await status("web"), "exited");
      await drop("web");
      assert.equal(await shell("process_names"), "");
    });

    it("process_exec and process_etcdctl run in the process's environment", async () => {
      const etcdctl =
        'printf "#!/bin/sh\\necho \\"\\$ETCDCTL_ENDPOINTS \\$*\\"\\n" >/usr/bin/etcdctl; chmod +x /usr/bin/etcdctl; ';
      await begin("web", `${etcdctl}echo second; while :; do sleep 0.1; done`);
      await until("its etcdctl", 20, async () => (await shell("process_log web")) === "second");
      assert.equal(await shell("process_exec web sh -c 'echo $GREETING'"), "hello");
      assert.equal(await shell('process_etcdctl web "" member list'), `${subject.etcdctlAt("")}member list`.trim());
      const two = "https://a:1,https://b:1";
      assert.equal(await shell(`process_etcdctl web ${two} get x`), `${subject.etcdctlAt(two)}get x`);
      assert.equal(await shell("ended=0; time_limit=1 process_exec web sleep 60 || ended=$?; echo $ended"), "124");
      await drop("web");
    });

    it("a spec says if its process has a network, and takes another argument, and a limit of memory", async () => {
      const isolated = runtime.spec(planned("web", "true"), 4, { isolated: true });
      await shell(`spec_isolated '${isolated}'`);
      await fails(`spec_isolated '${runtime.spec(planned("web", "true"), 4)}'`);
      const [one, other] = ["--some=a,b", "--some=c"].map((text) => runtime.spec(planned("web", text), 4));
      assert.equal(await shell(`spec_with_argument '${one}' --some=a,b --some=c`), other);
      const { unlimited } = subject;
      if (unlimited !== undefined) assert.match(await shell(`spec_with_memory '${unlimited}' 1048576`), /1048576/);
    });

    it("images, and the runtime itself, are told", async () => {
      await shell(`image_present ${image}; image_fetch ${image}`);
      await fails("image_present nowhere/none:1");
      assert.equal(await shell(`image_like '${subject.imageLike}'`), image);
      await fails("image_like nothing-like-that");
      const listed = (await shell("image_list")).split("\n").map((line) => line.split(" "));
      assert.deepEqual(
        listed.filter(([name]) => name === image).map((words) => words.length),
        [3],
      );
      assert.equal(await shell("pod_list"), "");
      assert.match(await shell("runtime_facts"), subject.facts);
      await begin("web");
      assert.equal(await shell('run_alone "$(process_image web)" echo -- hello'), "hello");
      await drop("web");
    });

    it("process_status ends the step where the runtime doesn't answer, since that isn't the same as missing", async () => {
      assert.match(await fails(`${subject.silence}; process_status web`), /died: /);
    });
  });
}
