import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { Pki } from "../../components/pki";
import { parseTopology } from "../../plan/declaration/declaration";
import { installerOf } from "../../plan/installers/installers";
import { inPeace } from "../../plan/topology/site";
import type { Topology } from "../../plan/topology/topology";
import { raw, seed, seedHosts } from "../plan/worlds/topologies";

interface Made {
  inputs: Record<string, unknown>;
  protect: boolean;
}

/** What the program registers for a topology's certificates: by type and name. A key's text stands for the key. */
async function registered(topology: Topology): Promise<Record<string, Made>> {
  const made: Record<string, Made> = {};
  const protects: Record<string, boolean> = {};
  await pulumi.runtime.setMocks({
    newResource: ({ type, name, inputs }) => {
      made[`${type} ${name}`] = { inputs, protect: protects[`${type} ${name}`] === true };
      return {
        id: name,
        state: {
          ...inputs,
          privateKeyPem: `key ${name}`,
          certPem: `certificate ${name}`,
          certRequestPem: JSON.stringify(inputs),
        },
      };
    },
    call: () => ({}),
  });
  const noteProtection: pulumi.ResourceTransformation = ({ type, name, opts }) => {
    protects[`${type} ${name}`] = opts.protect === true;
    return undefined;
  };
  const args = { certificates: installerOf(topology).certificates(inPeace(topology)) };
  const pki = new Pki("pki", args, { transformations: [noteProtection] });
  const all = Object.values(pki.pairs).flatMap((pair) => [pair.certificate, pair.privateKey]);
  await new Promise((resolve) => pulumi.all(all).apply(resolve));
  return made;
}

/** Names of what exists in both and whose inputs differ: @pulumi/tls replaces a resource for any changed input. */
const replaced = (before: Record<string, Made>, after: Record<string, Made>): string[] =>
  Object.keys(before).filter(
    (name) => after[name] && JSON.stringify(before[name]?.inputs) !== JSON.stringify(after[name]?.inputs),
  );

describe("certificates of a built cluster whose hosts change", () => {
  const changes = {
    "a control plane host joins": {
      ...seedHosts,
      a: { ...seedHosts.a, master4: ["192.168.31.106", ["controlplane"]] },
    },
    "a control plane host with a voter joins": {
      ...seedHosts,
      a: { ...seedHosts.a, master4: ["192.168.31.106", ["controlplane", "etcd", "worker"]] },
    },
    "a control plane host with a voter leaves": {
      ...seedHosts,
      a: { master1: seedHosts.a.master1, node1: seedHosts.a.node1 },
    },
    "a control plane host has another address": {
      ...seedHosts,
      a: { ...seedHosts.a, master2: ["192.168.31.112", ["controlplane", "worker", "etcd"]] },
    },
  } satisfies Record<string, Parameters<typeof raw>[0]>;

  for (const [what, hosts] of Object.entries(changes)) {
    it(`${what}: nothing that is protected is replaced, and no key`, async () => {
      const before = await registered(seed());
      const after = await registered(parseTopology(raw(hosts)));
      const names = replaced(before, after);
      const certificates = ["kube-apiserver", "kube-service-account-token"].flatMap((name) => [
        `tls:index/certRequest:CertRequest ${name}-request`,
        `tls:index/locallySignedCert:LocallySignedCert ${name}`,
      ]);
      for (const name of certificates) assert.ok(names.includes(name), `${name} follows the hosts`);
      assert.deepEqual(
        names.filter((name) => after[name]?.protect || name.startsWith("tls:index/privateKey:")),
        [],
      );
    });
  }

  it("protects the CAs and the service account's key, and nothing else", async () => {
    const made = await registered(seed());
    assert.deepEqual(
      Object.keys(made)
        .filter((name) => made[name]?.protect)
        .sort(),
      [
        "tls:index/privateKey:PrivateKey kube-apiserver-requestheader-ca-key",
        "tls:index/privateKey:PrivateKey kube-ca-key",
        "tls:index/privateKey:PrivateKey kube-service-account-token-key",
        "tls:index/selfSignedCert:SelfSignedCert kube-apiserver-requestheader-ca",
        "tls:index/selfSignedCert:SelfSignedCert kube-ca",
      ],
    );
  });
});
