import { deepStrictEqual, equal } from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "mocha";
import { parse } from "yaml";
import { planNetwork } from "../../lab/network/network-plan";
import { readTopology } from "../../lab/state/topology";
import { parseTopology } from "../../plan/declaration/declaration";

const FOLDER = join(__dirname, "../../topologies");
const PROJECT = readFileSync(join(__dirname, "../../Pulumi.yaml"), "utf8");

describe("topologies", () => {
  for (const name of readdirSync(FOLDER))
    it(`${name}: the program and the lab both take it`, () => {
      const text = readFileSync(join(FOLDER, name), "utf8");
      const forProgram = parseTopology(parse(text));
      const forLab = readTopology(text, name);
      deepStrictEqual(
        forLab.datacenters.map((dc) => dc.hosts.map((host) => [host.name, host.internalAddress ?? host.address])),
        forProgram.datacenters.map((dc) => dc.hosts.map((host) => [host.name, host.internalAddress])),
      );
      equal(planNetwork("rkelab-abcdef", forLab).datacenters.length, forProgram.datacenters.length);
    });
  it("seed.yaml: is Pulumi.yaml's own", () =>
    deepStrictEqual(parse(readFileSync(join(FOLDER, "seed.yaml"), "utf8")), parse(PROJECT).config.topology.value));
});
