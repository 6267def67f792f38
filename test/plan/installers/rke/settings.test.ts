import assert from "node:assert/strict";
import { parseTopology } from "../../../../plan/declaration/declaration";
import { certificates } from "../../../../plan/installers/rke/certificates";
import { etcdProcess } from "../../../../plan/installers/rke/etcd";
import { deployedChecksums, unknownChecksum } from "../../../../plan/installers/rke/kube-api-settings";
import { kubeApiServerProcess } from "../../../../plan/installers/rke/kube-apiserver";
import { createBody } from "../../../../plan/runtimes/docker/spec";
import { differences } from "../../../../plan/runtimes/process";
import { inPeace } from "../../../../plan/topology/site";
import { raw, seedHosts } from "../../worlds/topologies";
import { lines } from "./rendered-lines";

const settings = (rest: Record<string, unknown>) => parseTopology(raw(seedHosts, rest));
const [etcd, api] = ["master3/etcd", "master3/kube-apiserver"];

const newer = { rkeVersion: "v1.5.14", kubernetesVersion: "v1.24.17-rancher1-1" };
const kubeApi = (value: object) => ({ services: { "kube-api": value } });
const plugins =
  "NamespaceLifecycle,LimitRanger,ServiceAccount,DefaultStorageClass,DefaultTolerationSeconds,MutatingAdmissionWebhook,ValidatingAdmissionWebhook,ResourceQuota,NodeRestriction,Priority,TaintNodesByCondition,PersistentVolumeClaimResize";

describe("what cluster.yml says under rke changes the process as in RKE", () => {
  const cases: [what: string, release: object, key: string, rke: object, changes: string[]][] = [
    [
      "service_node_port_range",
      {},
      api,
      kubeApi({ service_node_port_range: "1-2" }),
      ["- --service-node-port-range=30000-32767", "+ --service-node-port-range=1-2"],
    ],
    ...(
      [
        ["the strategy alone", { strategy: "x509|webhook" }, "5s"],
        ["the strategy in other letters", { strategy: "X509 | Webhook", webhook: { cache_timeout: "30s" } }, "30s"],
        ["an empty webhook", { webhook: {} }, "5s"],
        ["a webhook with a file", { strategy: "x509", webhook: { config_file: "kind: Config\n" } }, "5s"],
      ] as const
    ).map(([what, authentication, timeout]): (typeof cases)[number] => [
      `authentication: ${what}`,
      {},
      api,
      { authentication },
      [
        `+ --authentication-token-webhook-cache-ttl=${timeout}`,
        "+ --authentication-token-webhook-config-file=/etc/kubernetes/kube-api-authn-webhook.yaml",
      ],
    ]),
    ["authentication: x509 alone", {}, api, { authentication: { strategy: "x509" } }, []],
    [
      "pod_security_policy",
      {},
      api,
      kubeApi({ pod_security_policy: true }),
      [
        `- --enable-admission-plugins=${plugins}`,
        "- --runtime-config=authorization.k8s.io/v1beta1=true",
        `+ --enable-admission-plugins=${plugins},PodSecurityPolicy`,
        "+ --runtime-config=policy/v1beta1/podsecuritypolicy=true",
      ],
    ],
    [
      "pod_security_policy without RBAC, where RKE turns it off",
      {},
      api,
      { authorization: { mode: "none" }, ...kubeApi({ pod_security_policy: true }) },
      ["- --authorization-mode=Node,RBAC"],
    ],
    [
      "secrets_encryption_config",
      {},
      api,
      kubeApi({ secrets_encryption_config: { enabled: true } }),
      ["+ --encryption-provider-config=/etc/kubernetes/ssl/encryption.yaml"],
    ],
    ["secrets_encryption_config that is off", {}, api, kubeApi({ secrets_encryption_config: { enabled: false } }), []],
    [
      "an audit log that is off",
      {},
      api,
      kubeApi({ audit_log: { enabled: false } }),
      [
        "- --audit-log-format=json",
        "- --audit-log-maxage=30",
        "- --audit-log-maxbackup=10",
        "- --audit-log-maxsize=100",
        "- --audit-log-path=/var/log/kube-audit/audit-log.json",
        "- --audit-policy-file=/etc/kubernetes/audit-policy.yaml",
        "- RKE_AUDITLOG_CONFIG_CHECKSUM=856f426399fb14a50b78e721d15c168c",
        "- /var/log/kube-audit:/var/log/kube-audit:z",
      ],
    ],
    [
      "an audit log that says one thing: RKE sets the rest to nothing",
      {},
      api,
      kubeApi({ audit_log: { enabled: true, configuration: { max_age: 5 } } }),
      [
        "- --audit-log-format=json",
        "- --audit-log-maxage=30",
        "- --audit-log-maxbackup=10",
        "- --audit-log-maxsize=100",
        "- --audit-log-path=/var/log/kube-audit/audit-log.json",
        "+ --audit-log-format=",
        "+ --audit-log-maxage=5",
        "+ --audit-log-maxbackup=0",
        "+ --audit-log-maxsize=0",
        "+ --audit-log-path=",
      ],
    ],
    [
      "event_rate_limit",
      {},
      api,
      kubeApi({ event_rate_limit: { enabled: true } }),
      [
        `- --enable-admission-plugins=${plugins}`,
        "+ --admission-control-config-file=/etc/kubernetes/admission.yaml",
        `+ --enable-admission-plugins=${plugins},EventRateLimit`,
      ],
    ],
    [
      "binds and environment",
      {},
      api,
      kubeApi({ extra_binds: ["/a:/b:z"], extra_env: ["A=1", "A=1"] }),
      ["+ A=1", "+ /a:/b:z"],
    ],
    ["binds of etcd keep their mark", newer, etcd, { services: { etcd: { extra_binds: ["/a:/b:z"] } } }, ["+ /a:/b:z"]],
    [
      "lists of arguments",
      newer,
      etcd,
      { services: { etcd: { extra_args_array: { x: ["1", "2"] } } } },
      ["+ --x=1", "+ --x=2"],
    ],
    [
      "lists of arguments, which RKE v1.2.7 doesn't know",
      {},
      etcd,
      { services: { etcd: { extra_args_array: { x: ["1"] } } } },
      [],
    ],
    ["uid and gid: RKE writes the uid twice", {}, etcd, { services: { etcd: { uid: 7, gid: 8 } } }, ["+ user 7:7"]],
    ["a uid alone, which RKE ignores", {}, etcd, { services: { etcd: { uid: 7 } } }, []],
    [
      "prefix_path",
      {},
      etcd,
      { prefix_path: "/opt/x/" },
      [
        "- /var/lib/etcd:/var/lib/rancher/etcd/:z",
        "- /etc/kubernetes:/etc/kubernetes:z",
        "+ /opt/x/var/lib/etcd:/var/lib/rancher/etcd/:z",
        "+ /opt/x/etc/kubernetes:/etc/kubernetes:z",
      ],
    ],
    [
      "prefix_path as Go's path.Join cleans it",
      {},
      etcd,
      { prefix_path: "/opt/../x//y/./" },
      [
        "- /var/lib/etcd:/var/lib/rancher/etcd/:z",
        "- /etc/kubernetes:/etc/kubernetes:z",
        "+ /x/y/var/lib/etcd:/var/lib/rancher/etcd/:z",
        "+ /x/y/etc/kubernetes:/etc/kubernetes:z",
      ],
    ],
    [
      "a cloud provider",
      {},
      api,
      { cloud_provider: { name: "external" } },
      [
        "- --cloud-provider=",
        "+ --cloud-config=/etc/kubernetes/cloud-config",
        "+ --cloud-provider=external",
        "+ RKE_CLOUD_CONFIG_CHECKSUM=d41d8cd98f00b204e9800998ecf8427e",
      ],
    ],
    [
      "a cloud provider whose file RKE generates",
      {},
      api,
      { cloud_provider: { name: "vsphere", vsphereCloudProvider: {} } },
      [
        "- --cloud-provider=",
        "+ --cloud-config=/etc/kubernetes/cloud-config",
        "+ --cloud-provider=vsphere",
        `+ RKE_CLOUD_CONFIG_CHECKSUM=${unknownChecksum}`,
      ],
    ],
    [
      "kubelets' certificates",
      {},
      api,
      { services: { kubelet: { generate_serving_certificate: true } } },
      ["+ --kubelet-certificate-authority=/etc/kubernetes/ssl/kube-ca.pem"],
    ],
    ["no RBAC", {}, api, { authorization: { mode: "none" } }, ["- --authorization-mode=Node,RBAC"]],
    [
      "the first registry that is the default",
      {},
      etcd,
      { private_registries: [{ url: "a" }, { url: "b", is_default: true }, { url: "c", is_default: true }] },
      ["- image rancher/coreos-etcd:v3.4.14-rancher1", "+ image b/rancher/coreos-etcd:v3.4.14-rancher1"],
    ],
    [
      "a default registry without url changes nothing",
      {},
      etcd,
      { private_registries: [{ is_default: true }, { url: "b", is_default: true }] },
      [],
    ],
    [
      "an image of one's own keeps its address",
      {},
      etcd,
      { system_images: { etcd: "m/e:v3.4.14" }, private_registries: [{ url: "b", is_default: true }] },
      ["- image rancher/coreos-etcd:v3.4.14-rancher1", "+ image m/e:v3.4.14"],
    ],
    [
      "etcd 3.4.3 by an image of one's own: a suffix after the version counts as older",
      newer,
      etcd,
      { system_images: { etcd: "m/e:v3.4.3-rancher1" } },
      [
        "- --advertise-client-urls=https://192.168.31.103:2379",
        "- --cipher-suites=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        "- image rancher/mirrored-coreos-etcd:v3.5.4",
        "+ --advertise-client-urls=https://192.168.31.103:2379,https://192.168.31.103:4001",
        "+ image m/e:v3.4.3-rancher1",
      ],
    ],
  ];
  for (const [what, release, key, rke, changes] of cases) {
    it(what, () => {
      const found = differences(lines({ ...release }, key), lines({ ...release, rke }, key));
      assert.deepEqual([...found].sort(), [...changes].sort());
    });
  }

  it("RKE's tools before 0.1.13 have their script elsewhere", () => {
    const script = (tag: string) =>
      lines({ rke: { system_images: { kubernetes_services_sidecar: `t:${tag}` } } }, api)[0];
    assert.deepEqual(["v0.1.12", "v0.1.13", "latest"].map(script), [
      "/opt/rke/entrypoint.sh",
      "/opt/rke-tools/entrypoint.sh",
      "/opt/rke-tools/entrypoint.sh",
    ]);
  });
});

it("etcd's container runs as the user that RKE gives it", () => {
  const topology = parseTopology(raw(seedHosts, { rke: { services: { etcd: { uid: 7, gid: 8 } } } }));
  const host = topology.datacenters[1]?.hosts[0];
  assert.ok(host);
  const body = JSON.parse(createBody(etcdProcess(inPeace(topology), host, "x86_64"), 2)) as { User?: string };
  assert.equal(body.User, "7:7");
});

describe("checksums of files that RKE deployed", () => {
  it("are taken from the host, which knows its files better than cluster.yml", () => {
    const topology = settings({ ...newer, rke: { cloud_provider: { name: "vsphere", vsphereCloudProvider: {} } } });
    const env = ["PATH=/bin", "RKE_AUDITLOG_CONFIG_CHECKSUM=a1", "RKE_CLOUD_CONFIG_CHECKSUM=c1"];
    const host = topology.datacenters[1]?.hosts[0];
    assert.ok(host);
    assert.deepEqual(kubeApiServerProcess(inPeace(topology), host, deployedChecksums(env)).env, [
      "RKE_CLOUD_CONFIG_CHECKSUM=c1",
      "RKE_ADMISSION_CONFIG_CHECKSUM=3d3984384a7a48da4c252eb3edeca246",
      "RKE_AUDITLOG_CONFIG_CHECKSUM=a1",
    ]);
  });
});

it("two service ranges, as RKE v1.5.10 plans them: the argument, and an address of each in the certificate", () => {
  const serviceCidr = "fd98::/108,10.43.0.0/16";
  const topology = settings({ ...newer, serviceCidr, rke: { network: { plugin: "calico" } } });
  const site = inPeace(topology);
  const host = topology.datacenters[1]?.hosts[0];
  assert.ok(host);
  assert.ok(kubeApiServerProcess(site, host).entrypoint.includes(`--service-cluster-ip-range=${serviceCidr}`));
  const api = certificates(site).find((c) => c.name === "kube-apiserver");
  assert.deepEqual(api?.ipAddresses.slice(-3), ["127.0.0.1", "fd98::1", "10.43.0.1"]);
});
