import assert from "node:assert/strict";
import fc from "fast-check";
import { argument, type Process } from "../../../../plan/runtimes/process";
import { givenTwice, processOf, systemd } from "../../../../plan/runtimes/systemd/systemd";

const base64 = (plain: string) => Buffer.from(plain).toString("base64");
const decoded = (spec: string) => {
  const at = spec.indexOf(":");
  const words = spec.slice(at + 1).split(",");
  return { kind: spec.slice(0, at), words: words.map((word) => Buffer.from(word, "base64").toString()) };
};

const settings = [
  "# etcd of node1",
  "ETCD_DATA_DIR=/var/lib/etcd",
  "ETCD_NAME=etcd1",
  'ETCD_INITIAL_CLUSTER="etcd1=https://10.0.0.1:2380,etcd2=https://10.0.0.2:2380"',
  "ETCD_INITIAL_CLUSTER_STATE=new",
  "ETCD_LISTEN_CLIENT_URLS=https://10.0.0.1:2379,https://127.0.0.1:2379",
  "ETCD_LISTEN_METRICS_URLS=",
  "",
  "; for etcdctl",
  "ETCDCTL_CERT=/etc/ssl/etcd/ssl/admin-node1.pem",
  "ETCD_UNSUPPORTED_ARCH=arm64",
  "",
].join("\n");

/** As on-host/runtimes/systemd.sh prints etcd.service. */
const line = (env: string, command = "/usr/local/bin/etcd\n", more: object = {}) =>
  JSON.stringify({
    name: "etcd",
    status: "running",
    restarts: 1,
    startedAt: "2026-11-29T02:00:00Z",
    unit: base64("[Service]\nType=notify\n"),
    env: base64(env),
    envFile: "/etc/etcd.env",
    command: base64(command),
    ...more,
  });

describe("runtime systemd", () => {
  it("reads etcd's unit: its settings are flags, what is etcdctl's or no flag stays in the environment", () => {
    const found = systemd.read(line(settings, "/usr/local/bin/etcd\n", { user: "etcd" }));
    assert.deepEqual([found.name, found.status, found.restarts, found.epoch], ["etcd", "running", 1, undefined]);
    assert.equal(found.process.image, "/usr/local/bin/etcd");
    assert.equal(found.process.user, "etcd");
    assert.deepEqual(found.process.cmd, [
      "--data-dir=/var/lib/etcd",
      "--name=etcd1",
      "--initial-cluster=etcd1=https://10.0.0.1:2380,etcd2=https://10.0.0.2:2380",
      "--initial-cluster-state=new",
      "--listen-client-urls=https://10.0.0.1:2379,https://127.0.0.1:2379",
    ]);
    assert.deepEqual(found.process.env, [
      "ETCD_LISTEN_METRICS_URLS=",
      "ETCDCTL_CERT=/etc/ssl/etcd/ssl/admin-node1.pem",
      "ETCD_UNSUPPORTED_ARCH=arm64",
    ]);
  });

  it("makes of an unchanged process the same file and the epoch as its last line, which the next act replaces", () => {
    const found = systemd.read(line(settings));
    const first = decoded(systemd.spec(found.process, 2, { base: found }));
    assert.deepEqual(first, { kind: "unit-env", words: [`${settings}# rke-dr.epoch: 2\n`] });
    const again = systemd.read(line(first.words[0] ?? ""));
    assert.equal(again.epoch, 2);
    assert.deepEqual(decoded(systemd.spec(again.process, 3, { base: again })).words, [
      `${settings}# rke-dr.epoch: 3\n`,
    ]);
  });

  it("changes the lines of changed settings alone, adds what is new at the end, takes out what is gone", () => {
    const found = systemd.read(line(settings));
    const cmd = [
      ...found.process.cmd
        .filter((arg) => !arg.startsWith("--initial-cluster-state="))
        .map((arg) => (arg.startsWith("--initial-cluster=") ? "--initial-cluster=etcd1=https://10.0.0.1:2380" : arg)),
      "--force-new-cluster",
    ];
    const { words } = decoded(systemd.spec({ ...found.process, cmd }, 2, { base: found }));
    const wanted = settings
      .replace(/ETCD_INITIAL_CLUSTER=.*/, "ETCD_INITIAL_CLUSTER=etcd1=https://10.0.0.1:2380")
      .replace("ETCD_INITIAL_CLUSTER_STATE=new\n", "");
    assert.deepEqual(words, [`${wanted}ETCD_FORCE_NEW_CLUSTER=true\n# rke-dr.epoch: 2\n`]);
  });

  it("reads what it has made as the process that it was made from", () => {
    const flag = fc.constantFrom("name", "snapshot-count", "metrics", "initial-cluster", "force-new-cluster");
    const value = fc.stringMatching(/^[a-z0-9 "'\\$=:/.,#-]{1,9}$/).map((text) => `x${text}`);
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(flag, value), { selector: ([name]) => name }), (flags) => {
        const found = systemd.read(line(settings));
        const cmd = flags.map(([name, text]) => `--${name}=${text}`);
        const { words } = decoded(systemd.spec({ ...found.process, cmd }, 2, { base: found }));
        const back = systemd.read(line(words[0] ?? ""));
        assert.deepEqual([...back.process.cmd].sort(), [...cmd].sort());
        assert.deepEqual([...back.process.env].sort(), [...found.process.env].sort());
      }),
    );
  });

  it("runs alone what ExecStart= says as arguments, and all else by the environment", () => {
    const found = systemd.read(line(settings, "/usr/local/bin/etcd\n--metrics=basic\n", { user: "etcd" }));
    const changed: Process = {
      ...found.process,
      cmd: [
        ...found.process.cmd.map((arg) => (arg === "--metrics=basic" ? "--metrics=extensive" : arg)),
        "--force-new-cluster",
      ],
      binds: ["/var/lib/etcd/rke-dr-forced-epoch-2:/var/lib/etcd"],
    };
    const { kind, words } = decoded(systemd.spec(changed, 2, { base: found, once: true, isolated: true }));
    assert.equal(kind, "unit-alone");
    assert.deepEqual(words.slice(0, 4), ["/usr/local/bin/etcd", "/usr/local/bin/etcd", "--name", "etcd"]);
    assert.deepEqual(words.slice(words.indexOf("--write")), [
      "--write",
      "/var/lib/etcd/rke-dr-forced-epoch-2:/var/lib/etcd",
      "--user",
      "etcd",
      "--",
      "--metrics=extensive",
    ]);
    assert.ok(words.includes("ETCD_FORCE_NEW_CLUSTER=true") && words.includes("ETCD_NAME=etcd1"));
  });

  it("reads a flag of ExecStart= in each form that Go takes as one word", () => {
    const found = systemd.read(line("", "/usr/local/bin/etcd\n-name\netcd1\n--debug\n--metrics\nbasic\n-x=1\n"));
    assert.deepEqual(found.process.cmd, ["--name=etcd1", "--debug", "--metrics=basic", "--x=1"]);
  });

  it("refuses to change for good what ExecStart= says", () => {
    const found = systemd.read(line(settings, "/usr/local/bin/etcd\n--metrics=basic\n"));
    const cmd = found.process.cmd.filter((arg) => arg !== "--metrics=basic");
    assert.throws(() => systemd.spec({ ...found.process, cmd }, 2, { base: found }), {
      message: "etcd: is set by ExecStart= of its unit, which no act changes: --metrics=basic",
    });
  });

  it("names flags that are given both ways, with which etcd doesn't start", () => {
    const unit = {
      arguments: ["--name=etcd1", "-metrics", "basic"],
      env: "ETCD_NAME=etcd1\nETCD_DATA_DIR=/x\nETCD_METRICS=\n",
    };
    assert.deepEqual(givenTwice(unit), ["ETCD_NAME", "ETCD_METRICS"]);
    assert.deepEqual(givenTwice({ ...unit, arguments: [] }), []);
  });

  it("a process without a file of settings becomes a whole unit", () => {
    const web: Process = {
      name: "web",
      image: "/bin/sh",
      entrypoint: ["/bin/sh", "-c"],
      cmd: ["echo 'a: $b'; exit 1%"],
      env: ["GREETING=hello you"],
      binds: ["/srv/data:/data", "/etc/web:/etc/web2:ro"],
      volumesFrom: [],
      labels: { "rke-dr.tried": "1" },
    };
    const { kind, words } = decoded(systemd.spec(web, 4));
    assert.equal(kind, "unit");
    for (const wanted of [
      `ExecStart=/usr/bin/env "/bin/sh" "-c" "echo 'a: $$b'; exit 1%%"`,
      'Environment="GREETING=hello you"',
      'BindPaths="/srv/data:/data"',
      'BindReadOnlyPaths="/etc/web:/etc/web2"',
      "# rke-dr.epoch: 4",
      "# mark rke-dr.tried",
      "# argument echo 'a: $b'; exit 1%",
    ]) {
      assert.ok(words[0]?.split("\n").includes(wanted), `${wanted} in ${words[0]}`);
    }
    const found = systemd.read(
      line("", [...web.entrypoint, ...web.cmd].join("\n"), { name: "web", unit: base64(words[0] ?? ""), envFile: "" }),
    );
    assert.equal(found.epoch, 4);
    assert.deepEqual(found.process, web);
  });

  it("static pods of the same host are read and written as on a host without units", () => {
    const manifest =
      "apiVersion: v1\nkind: Pod\nmetadata: {name: kube-apiserver}\nspec:\n  containers:\n  - {name: kube-apiserver, image: a:1, command: [kube-apiserver, --etcd-servers=https://10.0.0.1:2379]}\n";
    const found = systemd.read(
      JSON.stringify({
        name: "kube-apiserver",
        status: "running",
        restarts: 0,
        startedAt: "",
        manifest: base64(manifest),
      }),
    );
    assert.equal(argument(found.process.entrypoint, "etcd-servers"), "https://10.0.0.1:2379");
    assert.equal(decoded(systemd.spec(found.process, 2, { base: found })).kind, "pod");
  });

  it("differs by settings, whatever order the file has them in", () => {
    const unit = { program: "/usr/local/bin/etcd", arguments: [], envFile: "/etc/etcd.env", unit: "", user: undefined };
    const one = processOf("etcd", { ...unit, env: "ETCD_NAME=a\nETCD_METRICS=basic\n" });
    const other = processOf("etcd", { ...unit, env: "# c\nETCD_METRICS=extensive\nETCD_NAME=a\n" });
    assert.deepEqual(systemd.differs(one, other), ["- --metrics=basic", "+ --metrics=extensive"]);
  });
});
