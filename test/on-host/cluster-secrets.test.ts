import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { onHostText } from "../../on-host";
import {
  clusterSecretsText,
  parseClusterSecrets,
  placeholderOf,
  placeholdersIn,
  withSecrets,
} from "../../plan/installers/rke/cluster-secrets";
import { yamlText } from "../../plan/values/yaml-text";
import { stateOfEachTest } from "./host-state";

const secrets = {
  [placeholderOf("private_registries[0].password")]: 'p"a\\ss & $x / 1',
  [placeholderOf("private_registries[1].password")]: "0644",
  [placeholderOf("addons")]: "kind: Secret\ndata: {a: b}\n",
};
const [first, second, third] = Object.keys(secrets);
const yml = yamlText({
  private_registries: [{ password: first }, { password: second }],
  addons: third,
  plain: "kept & \\1",
});

describe("the secrets of cluster.yml", function () {
  this.timeout(60_000);
  const host = stateOfEachTest({ epoch: "1\n", act: "primary\n" });
  const run = (way: string, text: string) =>
    host.run(
      "bash",
      [
        "-euo",
        "pipefail",
        "-c",
        `${onHostText("lib/cluster-secrets").replaceAll("/etc/rke-dr", host.at("rke-dr"))}\n${way}`,
      ],
      text,
    );

  it("replace the placeholders on a host as in the program, and give way to them for a look", () => {
    mkdirSync(host.at("rke-dr"));
    host.write("rke-dr/cluster-secrets", clusterSecretsText(secrets));
    const filled = run("with_cluster_secrets", yml);
    assert.equal(filled.status, 0, filled.stderr);
    assert.equal(filled.stdout.trim(), withSecrets(yml, secrets).trim());
    assert.deepEqual(placeholdersIn(filled.stdout.split(": ")), []);
    const shown = run("without_cluster_secrets", filled.stdout);
    assert.equal(shown.stdout.trim().replaceAll('"', ""), yml.trim().replaceAll('"', ""));
  });

  it("aren't needed if the topology has no placeholders", () => {
    assert.equal(run("with_cluster_secrets", yml).stdout.trim(), yml.trim());
  });

  it("are required if the topology has placeholders", () => {
    const wanted = placeholdersIn({ a: [{ b: first }], c: second, d: "x" });
    assert.deepEqual(wanted, [first, second]);
    assert.deepEqual(parseClusterSecrets(JSON.stringify({ ...secrets, other: "x" }), wanted), {
      [String(first)]: secrets[String(first)],
      [String(second)]: "0644",
    });
    assert.throws(
      () => parseClusterSecrets(JSON.stringify({ [String(first)]: "hush" }), wanted),
      (error) => {
        assert.match(String(error), /clusterSecrets: lacks <secret private_registries\[1\]\.password>/);
        assert.doesNotMatch(String(error), /hush/);
        return true;
      },
    );
  });
});
