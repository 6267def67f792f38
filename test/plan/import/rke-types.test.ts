import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { parseTopology } from "../../../plan/declaration/declaration";
import { importCluster } from "../../../plan/import/import";
import { clusterYmlShape } from "../../../plan/import/rke-types";
import { hasSecretName } from "../../../plan/import/secrets";
import type { Shape } from "../../../plan/import/shape";

const recorded = readFileSync(join(__dirname, "../../golden/yaml-go/rke-types.txt"), "utf8").trim().split("\n");

/** Every leaf as "services.etcd.extra_env[] text". */
function leaves(shape: Shape, path: string): string[] {
  if (typeof shape === "string") {
    return [`${path} ${shape === "jsons" ? "json" : shape}`];
  }
  if ("list" in shape) {
    return leaves(shape.list, `${path}[]`);
  }
  if ("map" in shape) {
    return leaves(shape.map, `${path}.*`);
  }
  return Object.entries(shape.keys).flatMap(([key, inner]) => leaves(inner, path === "" ? key : `${path}.${key}`));
}
const own = leaves(clusterYmlShape, "");
const pathOf = (leaf: string) => leaf.split(" ")[0] ?? "";
const secretPaths = own.filter((leaf) => leaf.endsWith(" secret")).map(pathOf);

/** Parts that RKE reads again as a whole, though some of their keys have a kind. */
const wholes = own.filter((leaf) => leaf.endsWith(" json")).map(pathOf);
const isIn = (path: string) =>
  wholes.some((whole) => path === whole || (/^[.[]/.test(path.slice(whole.length)) && path.startsWith(whole)));

describe("the keys of cluster.yml", () => {
  it("are RKE's, all of them and no other", () => {
    const theirs = recorded.map(pathOf).filter((path) => !isIn(path));
    assert.deepEqual(
      own
        .map(pathOf)
        .filter((path) => !isIn(path))
        .sort(),
      theirs.sort(),
    );
  });
  it("have RKE's kinds", () => {
    const kinds: Record<string, string> = { password: "secret", kubernetes: "json" };
    const differ = recorded.filter((leaf) => {
      const [path = "", kind = ""] = leaf.split(" ");
      const mine = own.find((o) => pathOf(o) === path)?.split(" ")[1];
      return (
        !isIn(path) && mine !== (kinds[kind] ?? kind) && mine !== "secret" && path !== "nodes[].taints[].timeAdded"
      );
    });
    assert.deepEqual(differ, []);
  });
  it("that RKE marks as passwords are secrets here", () => {
    const marked = recorded.filter((leaf) => leaf.endsWith(" password")).map(pathOf);
    assert.deepEqual(
      marked.filter((path) => !secretPaths.includes(path)),
      [],
    );
    assert.ok(marked.length >= 10);
  });
});

/** A cluster.yml in which a secret stands at a path. */
function seeded(path: string, secret: string): Record<string, unknown> {
  const yml: Record<string, unknown> = {
    kubernetes_version: "v1.20.5-rancher1-1",
    nodes: [
      { address: "192.0.2.1", hostname_override: "host-1", user: "root", role: ["controlplane", "etcd"] },
      { address: "192.0.2.2", hostname_override: "host-2", user: "root", role: ["controlplane", "etcd"] },
    ],
  };
  const steps = path.replaceAll("[]", ".0").replaceAll("*", "each").split(".");
  let at: Record<string, unknown> = yml;
  steps.forEach((step, i) => {
    const next = /^\d+$/.test(steps[i + 1] ?? "") ? [] : {};
    at[step] = i === steps.length - 1 ? secret : (at[step] ?? next);
    at = at[step] as Record<string, unknown>;
  });
  return yml;
}

const secret = "SEEDED-xyzzy";
/** Free texts in which a secret is known by its name or its form. */
const byName = [
  ["services.kubelet.extra_env[]", `REGISTRY_PASSWORD=${secret}`],
  ["services.scheduler.extra_env[]", `HTTPS_PROXY=http://me:${secret}@proxy:3128`],
  ["services.kubeproxy.win_extra_env[]", `apiToken=${secret}`],
  ["services.kubelet.extra_args.bootstrap-token", secret],
  ["services.kube-controller.extra_args_array.cloud-secret[]", secret],
  ["ingress.options.basic-auth-password", secret],
  ["dns.options.tsig_secret", secret],
  ["monitoring.options.api-key", secret],
  ["network.options.apiToken", secret],
  ["authorization.options.client_secret", secret],
  ["addons", `kind: Secret\nstringData: {a: ${secret}}\n`],
  ["addons", `key: |\n  -----BEGIN RSA PRIVATE KEY-----\n  ${secret}\n`],
  ["services.kube-api.admission_configuration.plugins[].configuration.accessToken", secret],
] as const;

describe("secrets of cluster.yml", () => {
  const imported = (path: string, text: string, keepsSecrets: boolean) =>
    importCluster(stringify(seeded(path, text)), {
      datacenters: { a: ["host-1"], b: ["host-2"] },
      standby: "b",
      keepsSecrets,
    });
  const all = [...secretPaths.map((path) => [path, secret] as const), ...byName];
  for (const [path, text] of all) {
    it(`${path}: doesn't reach Pulumi.yaml`, () => {
      for (const keeps of [false, true]) {
        let said: string;
        try {
          said = imported(path, text, keeps).text;
        } catch (error) {
          said = String(error);
        }
        assert.doesNotMatch(said, /SEEDED/);
      }
    });
  }

  it("an environment of ingress is known by its variable", () => {
    const yml = { ...seeded("cluster_name", "x"), ingress: { extra_envs: [{ name: "DB_PASSWORD", value: secret }] } };
    const settings = { datacenters: { a: ["host-1"], b: ["host-2"] }, standby: "b" };
    assert.doesNotMatch(importCluster(stringify(yml), settings).text, /SEEDED/);
  });

  it("go by placeholders where they are kept", () => {
    const path = "services.etcd.backup_config.s3backupconfig.secret_key";
    const { text, secrets } = imported(path, secret, true);
    assert.deepEqual(secrets, { [`<secret ${path}>`]: secret });
    assert.match(text, /secret_key: <secret services\.etcd\.backup_config\.s3backupconfig\.secret_key>/);
    parseTopology(parse(text));
  });

  it("that etcd or kube-apiserver would show in their processes are refused by name", () => {
    assert.throws(
      () => imported("services.kube-api.extra_env[]", `VAULT_TOKEN=${secret}`, true),
      /services\.kube-api\.extra_env\[0\]: looks like a secret.*: VAULT_TOKEN$/m,
    );
  });

  for (const [name, is] of [
    ["DB_PASSWORD", true],
    ["awsSecretAccessKey", true],
    ["aws_access_key_id", true],
    ["token", true],
    ["service-account-key-file", false],
    ["authentication-token-webhook-cache-ttl", false],
    ["tls-private-key-file", false],
    ["key", false],
    ["keys", false],
    ["author", false],
    ["compass", false],
  ] as const) {
    it(`${name}: ${is ? "is" : "is no"} secret's name`, () => assert.equal(hasSecretName(name), is));
  }
});
