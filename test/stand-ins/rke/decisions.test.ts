import assert from "node:assert/strict";
import { parseCommand } from "../../../stand-ins/rke/arguments";
import { type Cluster, makeCluster } from "../../../stand-ins/rke/cluster";
import { parseClusterFile } from "../../../stand-ins/rke/cluster-file";
import { differences } from "../../../stand-ins/rke/container";
import {
  etcdPlaneReplaced,
  hostCountFault,
  maxUnavailable,
  remainingUnavailable,
} from "../../../stand-ins/rke/decisions";
import type { ContainerInspect, ContainerRequest } from "../../../stand-ins/rke/io/world";
import { logLine } from "../../../stand-ins/rke/log";

function cluster(etcd: string[], inactive: string[] = []): Cluster {
  const nodes = [...etcd, ...inactive].map((host) => `- {address: 10.0.0.${host}, user: root, role: [etcd]}`);
  const made = makeCluster(parseClusterFile(`nodes:\n${nodes.join("\n")}\n`, true), "cluster.yml");
  made.inactive = made.etcd.slice(etcd.length);
  made.etcd = made.etcd.slice(0, etcd.length);
  return made;
}

describe("RKE's decisions in the stand-in", () => {
  for (const [before, now, down, replaced] of [
    [["1", "2", "3"], ["1", "2", "3"], [], false],
    [["1", "2", "3"], ["3"], [], false],
    [["1", "2", "3"], ["3"], ["1", "2"], false],
    [["1", "2"], ["3"], [], true],
    [["1", "2"], ["3"], ["1", "2"], true],
    [["1"], ["1", "2"], [], false],
  ] as [string[], string[], string[], boolean][]) {
    it(`etcd on ${before} in the state, now ${now}, down ${down.join() || "none"}: ${replaced ? "" : "not "}replaced`, () => {
      assert.equal(etcdPlaneReplaced(cluster(before), cluster(now, down)), replaced);
    });
  }

  it("no etcd host: none listed, or none reached", () => {
    const start = "Cluster must have at least one etcd plane host: ";
    assert.equal(hostCountFault(cluster(["1"])), undefined);
    assert.equal(hostCountFault(cluster([])), `${start}please specify one or more etcd in cluster config`);
    const unreached = `${start}failed to connect to the following etcd host(s) [10.0.0.1]`;
    assert.equal(hostCountFault(cluster([], ["1", "2"])), unreached);
  });

  for (const [given, hosts, count, rounded] of [
    ["1", 3, 1, false],
    ["10%", 2, 1, true],
    ["50%", 5, 2, false],
  ] as const) {
    it(`max_unavailable ${given} of ${hosts} hosts is ${count}`, () => {
      assert.deepEqual(maxUnavailable(given, hosts, "worker"), { count, rounded });
    });
  }

  it("as many unreachable hosts as may be unavailable end the run", () => {
    const message = "cannot proceed with upgrade of controlplane since 1 host(s) cannot be reached prior to upgrade";
    assert.throws(() => remainingUnavailable(1, 1, "controlplane"), { message });
    assert.deepEqual(remainingUnavailable(2, 1, "worker"), {
      count: 1,
      said: ["Resetting max_unavailable_worker to 1 since 1 host(s) cannot be reached prior to upgrade"],
    });
  });
});

describe("a container is left alone where it equals the request", () => {
  const request: ContainerRequest = {
    Image: "i",
    Entrypoint: ["e", "--a=1", "--b=2"],
    Cmd: null,
    Env: ["X=1"],
    HostConfig: { Binds: ["/a:/a", "/b:/b"] },
  };
  const running = (config: Partial<ContainerInspect["Config"]>, host: Partial<ContainerInspect["HostConfig"]> = {}) =>
    ({
      Config: { Image: "i", Entrypoint: ["e", "--b=2", "--a=1"], Cmd: [], Env: ["PATH=/bin", "X=1"], ...config },
      HostConfig: { Binds: ["/b:/b", "/a:/a"], SecurityOpt: null, ...host },
    }) as ContainerInspect;

  for (const [what, inspect, wanted] of [
    ["another order", running({}), []],
    ["docker's own label=disable", running({}, { SecurityOpt: ["label=disable"] }), []],
    ["another image", running({ Image: "j" }), ["image"]],
    ["an argument more", running({ Cmd: ["--force-new-cluster"] }), ["command"]],
    [
      "docker run's split of a command",
      running({ Entrypoint: ["e"], Cmd: ["--a=1", "--b=2"] }),
      ["entrypoint", "command"],
    ],
    ["another variable", running({ Env: ["PATH=/bin", "X=2"] }), ["environment"]],
    ["a bind less", running({}, { Binds: ["/a:/a"] }), ["binds"]],
  ] as const) {
    it(`${what}: ${wanted.join(", ") || "equal"}`, () => {
      assert.deepEqual(differences(inspect, request, ["PATH=/bin"]), wanted);
    });
  }
});

describe("the stand-in's command line and log", () => {
  it("takes RKE's flags with one dash or two", () => {
    const up = parseCommand(["up", "-config", "x.yml", "--ignore-docker-version", "--custom-certs", "--cert-dir=d"]);
    assert.deepEqual(up, {
      kind: "up",
      options: { config: "x.yml", ignoreDockerVersion: true, disablePortCheck: false, customCerts: true, certDir: "d" },
    });
  });

  for (const argv of [["etcd", "snapshot-save"], ["remove"], ["up", "--dind"], []]) {
    it(`refuses: rke ${argv.join(" ")}`, () => {
      assert.throws(() => parseCommand(argv), /the stand-in does not model: rke/);
    });
  }

  it("writes logrus' lines", () => {
    const at = new Date("2026-11-21T12:01:03.5Z");
    assert.equal(logLine(at, "info", 'Get "x"'), 'time="2026-11-21T12:01:03Z" level=info msg="Get \\"x\\""');
  });
});
