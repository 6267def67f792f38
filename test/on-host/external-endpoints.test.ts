import assert from "node:assert/strict";
import { parse } from "yaml";
import { stepScript } from "../../on-host";
import { stateOfEachTest } from "./host-state";

/** As kubeadm writes it (golden kubeadm/live cm-kubeadm-config.yaml), with an external etcd and an argument with signs that JSON escapes. */
const configuration = `apiServer:
  extraArgs:
  - name: audit-policy-file
    value: /etc/<a>&"b"\\c
  extraVolumes:
  - name: endpoints
    hostPath: /endpoints
apiVersion: kubeadm.k8s.io/v1beta4
clusterName: kubernetes
etcd:
  external:
    caFile: /etc/ssl/etcd/ssl/ca.pem
    certFile: /etc/ssl/etcd/ssl/node-node1.pem
    endpoints:
    - https://192.168.31.111:2379
    - https://192.168.31.112:2379
    - https://192.168.31.113:2379
    keyFile: /etc/ssl/etcd/ssl/node-node1-key.pem
kind: ClusterConfiguration
networking:
  serviceSubnet: 10.233.0.0/18
`;
/** As Go writes it, whose encoder escapes three signs more. */
const asGo = (value: unknown): string =>
  JSON.stringify(value).replace(/[<>&]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`);
const configMap = (text: string): string =>
  asGo({
    kind: "ConfigMap",
    metadata: {
      name: "kubeadm-config",
      resourceVersion: "4711",
      annotations: { last: '{"data":{"ClusterConfiguration":"old"}}' },
    },
    data: { ClusterConfiguration: text },
  });

describe("etcd's endpoints in kubeadm's ConfigMap", function () {
  this.timeout(60_000);
  const host = stateOfEachTest({ epoch: "2\n", act: "failover\n" });

  /** @param get the API's answer to a request for the ConfigMap, with its status; @param patch the status of a change */
  function run(get: { body: string; status: number }, patch = 200, urls = ["https://192.168.31.113:2379"]) {
    host.write("answer", `${get.body}\n${get.status}`);
    host.program(
      "curl",
      `#!/bin/sh
cd $RKE_DR_STATE
case "$*" in
  *PATCH*) cat >sent; echo "$*" >asked; printf '{}\\n${patch}' ;;
  *) cat answer ;;
esac
`,
    );
    const script = stepScript("external-endpoints", { runtime: "systemd", installer: "kubespray" })
      .replace(
        'until_true 60 kube_or_missing "$server"',
        `until_true ${get.status === 500 ? 1 : 60} kube_or_missing "$server"`,
      )
      // the administrator's certificate is no part of this
      .replaceAll(
        /^admin_tls\(\) \{$/gm,
        "admin_tls() { tls_ca=ca tls_cert=cert tls_key=key; return; }\nunused_tls() {",
      );
    return host.step(["external-endpoints", 2, 1, "failover", "lab", "https://api", ...urls], script);
  }
  const sent = (): { metadata: { resourceVersion: string }; data: { ClusterConfiguration: string } } =>
    JSON.parse(host.read("sent"));

  it("become the members that there are, on the version that was read; every other line stays as it was", () => {
    const result = run({ body: configMap(configuration), status: 200 });
    assert.equal(result.status, 0, result.stderr);
    assert.equal(sent().metadata.resourceVersion, "4711");
    assert.equal(
      sent().data.ClusterConfiguration,
      configuration.replace(/ {4}- https:\/\/192.168.31.11[12]:2379\n/g, ""),
    );
    assert.deepEqual(parse(sent().data.ClusterConfiguration).etcd.external.endpoints, ["https://192.168.31.113:2379"]);
    assert.equal(host.read("epoch-2/kubeadm-config"), configuration);
    assert.match(result.stderr, /etcd.external.endpoints are https:\/\/192.168.31.113:2379 now/);
  });

  it("may be several", () => {
    run({ body: configMap(configuration), status: 200 }, 200, ["https://a:2379", "https://b:2379"]);
    assert.deepEqual(parse(sent().data.ClusterConfiguration).etcd.external.endpoints, [
      "https://a:2379",
      "https://b:2379",
    ]);
  });

  const list = /endpoints:\n( {4}- https.*\n)+/;
  for (const [what, text] of [
    ["a list in brackets", "endpoints: [https://192.168.31.111:2379, https://192.168.31.112:2379] # three once\n"],
    ["a list in brackets on several lines", "endpoints: [\n      https://192.168.31.111:2379,\n    ]\n"],
    ["a list below a comment", "endpoints: # of datacenter a\n    - https://192.168.31.111:2379\n"],
  ] as const) {
    it(`${what}, as a person may have written it, becomes one of an item a line`, () => {
      const result = run({ body: configMap(configuration.replace(list, text)), status: 200 });
      assert.equal(result.status, 0, result.stderr);
      assert.equal(
        sent().data.ClusterConfiguration,
        configuration.replace(list, "endpoints:\n    - https://192.168.31.113:2379\n"),
      );
    });
  }

  for (const [what, etcd] of [
    ["etcd", 'etcd: {external: {endpoints: ["https://192.168.31.111:2379"]}}\n'],
    ["its external part", 'etcd:\n  external: {endpoints: ["https://192.168.31.111:2379"]}\n'],
  ] as const) {
    it(`${what} in braces is refused with what to do, and nothing is sent`, () => {
      const body = configMap(configuration.replace(/^etcd:\n( .*\n)+/m, etcd));
      const result = run({ body, status: 200 });
      assert.equal(result.status, 1);
      assert.match(
        result.stderr,
        /kubeadm-config: etcd.external must be lines of their own, .*kubectl -n kube-system edit configmap kubeadm-config/,
      );
      assert.equal(host.has("sent"), false);
    });
  }

  for (const [what, body, status, said] of [
    [
      "nothing is sent if they are these already",
      configMap(configuration.replace(/ {4}- https:\/\/192.168.31.11[12]:2379\n/g, "")),
      200,
      /are these already/,
    ],
    [
      "nothing is sent if etcd is kubeadm's own",
      configMap(configuration.replace("external:", "local:")),
      200,
      /or it has none/,
    ],
    ["nothing is sent if there is no such ConfigMap", "{}", 404, /there is none/],
  ] as const) {
    it(what, () => {
      const result = run({ body, status });
      assert.equal(result.status, 0, result.stderr);
      assert.match(result.stderr, said);
      assert.equal(host.has("sent"), false);
    });
  }

  it("fails with the API's answer if the API can't be asked, or refuses the change", () => {
    assert.match(run({ body: "no", status: 500 }).stderr, /API: the ConfigMap kubeadm-config can't be read: no/);
    const refused = run({ body: configMap(configuration), status: 200 }, 409);
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /API: the ConfigMap kubeadm-config can't be changed: \{\}/);
  });
});
