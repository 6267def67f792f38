import { deepStrictEqual, equal, match, throws } from "node:assert/strict";
import { describe, it } from "mocha";
import { parseVerb } from "../../lab/argv";
import { knownList } from "../../lab/build/images";
import { dockerProblem, machineProblems } from "../../lab/build/toolchain";
import { missingCapabilities, runcWithin } from "../../lab/machine/capabilities";
import { cgroupProblem } from "../../lab/machine/cgroups";
import { missingPackages } from "../../lab/machine/packages";
import { parseStat } from "../../lab/machine/processes";
import { fillTopology } from "../../lab/operator/project";
import { pulumiEnvironment } from "../../lab/operator/pulumi-run";
import { placeOf } from "../../lab/state/place";

describe("lab: command line", () => {
  const good: [string, object][] = [
    ["", { verb: "help" }],
    ["up", { verb: "up" }],
    ["up --topology t.yml", { verb: "up", topology: "t.yml" }],
    ["up --topology=t.yml", { verb: "up", topology: "t.yml" }],
    ["up --etcd 3.5", { verb: "up", etcd: "3.5.21" }],
    ["up --etcd 3.4.14", { verb: "up", etcd: "3.4.14" }],
    ["up --rke v1.5.14", { verb: "up", rkeVersion: "v1.5.14", kubernetesVersion: "v1.28.14-rancher1-1" }],
    ["up --kubernetes v1.24.17-rancher1-1", { verb: "up", kubernetesVersion: "v1.24.17-rancher1-1" }],
    [
      "up --rke v1.3.24 --kubernetes v1.22.17-rancher1-2",
      { verb: "up", rkeVersion: "v1.3.24", kubernetesVersion: "v1.22.17-rancher1-2" },
    ],
    ["down", { verb: "down" }],
    ["status", { verb: "status", json: false }],
    ["status --json", { verb: "status", json: true }],
    ["power-off a", { verb: "power-off", target: "a" }],
    ["power-on master1", { verb: "power-on", target: "master1" }],
    ["cut-link", { verb: "cut-link" }],
    ["heal-link b", { verb: "heal-link", datacenter: "b" }],
    ["cut-operator b", { verb: "cut-operator", datacenter: "b" }],
    ["slow-link 50", { verb: "slow-link", milliseconds: 50, lossPercent: 0 }],
    ["slow-link 0 --loss 2.5", { verb: "slow-link", milliseconds: 0, lossPercent: 2.5 }],
    ["slow-link 80 --loss=5%", { verb: "slow-link", milliseconds: 80, lossPercent: 5 }],
    ["freeze master1", { verb: "freeze", target: "master1" }],
    ["drop a", { verb: "drop", target: "a" }],
    ["fill-disk master1", { verb: "fill-disk", host: "master1" }],
    ["corrupt-etcd master1", { verb: "corrupt-etcd", host: "master1" }],
    ["kill master1 etcd", { verb: "kill", host: "master1", container: "etcd" }],
    ["set-clock master1 +90", { verb: "set-clock", host: "master1", seconds: 90 }],
    ["set-clock master1 -5", { verb: "set-clock", host: "master1", seconds: -5 }],
    ["heal", { verb: "heal" }],
    ["exec master1 -- ls -l", { verb: "exec", host: "master1", command: ["ls", "-l"] }],
    ["exec master1 ls -l", { verb: "exec", host: "master1", command: ["ls", "-l"] }],
    ["exec master1 -- sh -- x", { verb: "exec", host: "master1", command: ["sh", "--", "x"] }],
    ["kubectl -- get pods", { verb: "kubectl", args: ["get", "pods"] }],
    ["pulumi up -- x", { verb: "pulumi", args: ["up", "--", "x"] }],
  ];
  for (const [line, verb] of good)
    it(`"${line}"`, () => deepStrictEqual(parseVerb(line.split(" ").filter(Boolean)), verb));

  const bad: [string, RegExp][] = [
    ["raise", /^verb: must be one of the lab's .*, is "raise"$/],
    ["down now", /^down: must have no further argument, has "now"$/],
    ["up fast", /^up: Unexpected argument 'fast'.*, in "fast"$/],
    ["up --etcd 3.6", /^--etcd: must be one of 3\.4, 3\.5, 3\.4\.14, .*, is "3\.6"$/],
    ["up --rke v1.2", /^--rke: must be a recorded release of RKE, as v1\.5\.14, is "v1\.2"$/],
    ["up --rke v1.2 --kubernetes v1.20.5-rancher1-1", /^--rke: must be a recorded release of RKE, .*, is "v1\.2"$/],
    ["up --kubernetes 1.20", /^kubernetesVersion: must be one that RKE's metadata hold, is "1\.20"$/],
    ["up --topology", /^up: Option '--topology <value>' argument missing.*, in "--topology"$/s],
    ["power-off", /^power-off: must name a host or a datacenter, names none$/],
    ["power-off a b", /^power-off: must have no further argument, has "b"$/],
    ["exec", /^exec: must name a host first/],
    ["exec -- ls", /^exec: must name a host first/],
    ["exec master1 --", /^exec master1: must have a command after --, has none$/],
    ["cut-operator", /^cut-operator: must name a datacenter, names none$/],
    ["kill master1", /^kill: must name a host and a container, names master1$/],
    ["kill master1 etcd now", /^kill: must have no further argument, has "now"$/],
    ["slow-link", /^slow-link: milliseconds: must be a whole number below 100000, is missing$/],
    ["slow-link -5", /^slow-link: milliseconds: must be a whole number below 100000, is "-5"$/],
    ["slow-link 5 --jitter 3", /^slow-link: must have no option but --loss PERCENT, has "--jitter"$/],
    ["slow-link 5 --loss", /^slow-link --loss: must be a number from 0 to 100 .*, is missing$/],
    ["slow-link 5 --loss 101", /^slow-link --loss: must be a number from 0 to 100 .*, is "101"$/],
    ["set-clock master1 noon", /^set-clock: seconds: must be a whole number, as \+90, is "noon"$/],
    ["heal all", /^heal: must have no further argument, has "all"$/],
    ["status --yaml", /^status: must have no further argument, has "--yaml"$/],
  ];
  for (const [line, message] of bad)
    it(`"${line}" is refused`, () => throws(() => parseVerb(line.split(" ")), { message }));
});

describe("lab: place", () => {
  const real = (path: string) => path;
  it("defaults to the user's state and cache folders", () => {
    const place = placeOf({}, "/home/u", real);
    equal(place.dir, "/home/u/.local/state/rke-dr-lab");
    equal(place.cache, "/home/u/.cache/rke-dr-lab");
  });
  it("follows XDG and its own variables", () => {
    equal(placeOf({ XDG_STATE_HOME: "/s", XDG_CACHE_HOME: "/c" }, "/home/u", real).dir, "/s/rke-dr-lab");
    const place = placeOf({ LAB_DIR: "/one", LAB_CACHE: "/two", XDG_STATE_HOME: "/s" }, "/home/u", real);
    deepStrictEqual([place.dir, place.cache], ["/one", "/two"]);
  });
  it("names two folders' labs differently, one folder's always the same", () => {
    const [one, again, two] = ["/one", "/one/", "/two"].map((dir) => placeOf({ LAB_DIR: dir }, "/", real));
    match(one?.name ?? "", /^rkelab-[0-9a-f]{6}$/);
    equal(one?.id, again?.id);
    equal(one?.id === two?.id, false);
  });
});

describe("lab: the machine", () => {
  const fine = { platform: "linux", uid: 0, goPath: "/usr/bin/go", cgroups: undefined };
  const cases: [string, object, RegExp[]][] = [
    ["fine", {}, []],
    ["not Linux", { platform: "darwin" }, [/^machine: must run Linux, runs darwin$/]],
    ["not root", { uid: 1000 }, [/^user: must be root .*, is uid 1000$/]],
    ["no Go", { goPath: undefined }, [/^go: must be on PATH .*, is missing$/]],
    ["no control groups", { cgroups: "/sys/fs/cgroup: must have" }, [/^\/sys\/fs\/cgroup: must have$/]],
    ["all at once", { uid: 1, goPath: undefined }, [/^user:/, /^go:/]],
  ];
  for (const [name, change, messages] of cases)
    it(name, () => {
      const problems = machineProblems({ ...fine, ...change });
      equal(problems.length, messages.length);
      for (const [i, message] of messages.entries()) match(problems[i] ?? "", message);
    });
  const v1 = ["cpu", "cpuset", "devices", "freezer", "memory", "pids"];
  const files = (...names: string[]) => names.map((name) => `/sys/fs/cgroup/${name}`);
  const groups: [string, string[], RegExp | undefined][] = [
    ["version 2", files("cgroup.controllers"), undefined],
    ["version 1", files(...v1.map((name) => `${name}/cgroup.procs`)), undefined],
    ["neither", [], /^\/sys\/fs\/cgroup: must have control groups mounted, of version 2 .* or 1 .*, has neither$/],
    [
      "version 1 without some",
      files(...v1.slice(2).map((name) => `${name}/cgroup.procs`)),
      /^\/sys\/fs\/cgroup: must have all of version 1's control groups .*, lacks cpu, cpuset$/,
    ],
  ];
  for (const [name, there, message] of groups)
    it(`control groups: ${name}`, () => {
      const problem = cgroupProblem((path) => there.includes(path));
      if (message) match(problem ?? "", message);
      else equal(problem, undefined);
    });
  const dockers: [string, RegExp | undefined][] = [
    ["Docker version 20.10.24+dfsg1, build 5d6db84", undefined],
    ["Docker version 26.1.5+dfsg1, build a72d7cd", undefined],
    ["Docker version 28.5.2, build 1234567", undefined],
    ["Docker version 19.03.15, build 99e3ed8919", /^docker: must be 20\.10 to 28 .*, is 19\.03\.15$/],
    ["Docker version 29.0.1, build eedd969", /^docker: must be 20\.10 to 28 .* Docker API 1\.24.*, is 29\.0\.1$/],
    ["podman version 4", /^docker: must be 20\.10 to 28 .*, is "podman version 4"$/],
  ];
  for (const [said, message] of dockers)
    it(said, () => {
      const problem = dockerProblem(said);
      if (message) match(problem ?? "", message);
      else equal(problem, undefined);
    });
  it("asks for each missing package once", () =>
    deepStrictEqual(
      missingPackages((program) => !["dockerd", "docker", "ip"].includes(program)),
      ["docker.io", "iproute2"],
    ));
});

describe("lab: /proc", () => {
  it("reads a stat line whose name has blanks and parentheses", () => {
    const rest = ["S", "7", ...Array(17).fill("0"), "4711", "0"].join(" ");
    deepStrictEqual(parseStat(`42 (tmux: (x) y) ${rest}`), {
      pid: 42,
      name: "tmux: (x) y",
      state: "S",
      parent: 7,
      startTime: "4711",
    });
  });
  it("reads nothing from something else", () => equal(parseStat("42 S"), undefined));
});

describe("lab: capabilities", () => {
  it("names what the bounding set lacks", () => {
    deepStrictEqual(missingCapabilities("CapBnd:\t000001fffeffffff\n"), ["CAP_SYS_RESOURCE"]);
    deepStrictEqual(missingCapabilities("CapBnd:\t000001ffffffffff\n"), []);
  });
  it("puts nothing before runc where nothing is missing", () => equal(runcWithin([], "/usr/sbin/runc"), undefined));
  it("takes the missing ones out before the real runc", () => {
    const script = runcWithin(["CAP_SYS_RESOURCE"], "/usr/sbin/runc") ?? "";
    match(script, /s\/"CAP_SYS_RESOURCE",\/\/g/);
    match(script, /exec \/usr\/sbin\/runc "\$@"\n$/);
  });
});

describe("lab: images", () => {
  it("lists the flags and admission plugins of a help text", () => {
    const help = [
      "Flags:",
      "      --etcd-servers strings     List of etcd servers",
      "  -v, --v Level                  number for the log level, unlike --vmodule here",
      "      --enable-admission-plugins strings  plugins (A). Comma-delimited list of admission plugins: B, C. The order",
    ].join("\n");
    equal(knownList(help), "flag etcd-servers\nflag v\nflag enable-admission-plugins\nplugin B\nplugin C\n");
  });
});

describe("lab: Pulumi", () => {
  it("keeps the caller's own Pulumi settings out", () => {
    const env = pulumiEnvironment(
      { PATH: "/bin", PULUMI_ACCESS_TOKEN: "t", PULUMI_BACKEND_URL: "https://x", HOME: "/root" },
      { home: "/h", backend: "/b", passphraseFile: "/p", path: ["/plugins", "/engine"] },
    );
    equal(env.PULUMI_ACCESS_TOKEN, undefined);
    equal(env.PULUMI_BACKEND_URL, "file:///b");
    equal(env.PATH, "/plugins:/engine:/bin");
    equal(env.HOME, "/root");
  });
  const text = `name: rke-dr
config:
  topology: # declared once
    value:
      ssh: { user: root, keyPath: ~/.ssh/id } # the operator's
      datacenters:
        - name: a
          hosts:
            - name: m1
              hostKey: unpinned # look
            - { name: m2 }
`;
  it("fills in keys, keeping comments", () => {
    const filled = fillTopology(text, { m1: "ssh-ed25519 AAAA", m2: "ssh-ed25519 BBBB" }, "/key");
    match(filled, /keyPath: \/key \} # the operator's/);
    match(filled, /hostKey: ssh-ed25519 AAAA # look/);
    match(filled, /name: m2, hostKey: ssh-ed25519 BBBB/);
    match(filled, /# declared once/);
  });
  it("takes another topology where one is given", () => {
    const filled = fillTopology(
      text,
      { z: "ssh-ed25519 CCCC" },
      "/key",
      "datacenters: [{name: c, hosts: [{name: z}]}]",
    );
    match(filled, /name: z, hostKey: ssh-ed25519 CCCC/);
    equal(filled.includes("m1"), false);
  });
  it("refuses a Pulumi.yaml without a topology", () =>
    throws(() => fillTopology("name: x\n", {}, "/key"), {
      message: /config\.topology\.value: must be a map, is missing/,
    }));
});
