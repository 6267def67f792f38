import assert from "node:assert/strict";
import fc from "fast-check";
import { parse } from "yaml";
import { admissionChecksum } from "../../../../plan/installers/rke/checksums/admission";
import { auditPolicyChecksum } from "../../../../plan/installers/rke/checksums/audit-policy";
import { cloudProvider } from "../../../../plan/installers/rke/checksums/cloud-provider";
import { goYaml } from "../../../../plan/installers/rke/checksums/go-yaml";

// The checksums below are what RKE v1.5.14's own planning code gives for these settings.

describe("YAML as RKE writes it", () => {
  const scalars: [value: string | number | boolean | null, written: string][] = [
    ["Metadata", "Metadata"],
    ["", '""'],
    ["*", "'*'"],
    ["/api*", "/api*"],
    ["system:kube-proxy", "system:kube-proxy"],
    ["pods/log", "pods/log"],
    ["yes", '"yes"'],
    ["12", '"12"'],
    ["1e3", '"1e3"'],
    ["12:30", '"12:30"'],
    ["2020-01-01", '"2020-01-01"'],
    ["0o7", '"0o7"'],
    ["null", '"null"'],
    ["<<", "<<"],
    ["a: b", "'a: b'"],
    ["a #b", "'a #b'"],
    ["it's", "it's"],
    ["- it's", "'- it''s'"],
    [12, "12"],
    [true, "true"],
    [null, "null"],
  ];
  for (const [value, written] of scalars) {
    it(`${JSON.stringify(value)} as ${written}`, () => assert.equal(goYaml([value]), `- ${written}\n`));
  }

  it("keys in yaml.v2's order, lists not indented, what is empty in a line", () => {
    const value = { b10: [{ y: 1, x: ["a", []] }], b2: {}, B: [], "b-": { a: 1 }, left: undefined };
    assert.equal(goYaml(value), 'B: []\nb-:\n  a: 1\nb2: {}\nb10:\n- x:\n  - a\n  - []\n  "y": 1\n');
  });

  it("a merge key stands without quotes, as yaml.v2 v2.4.0 writes it", () => {
    assert.equal(goYaml({ "<<": 0, a: "<<" }), "<<: 0\na: <<\n");
  });

  it("is unknown for text that yaml.v2 would fold or write as a block", () => {
    assert.equal(goYaml({ a: "two\nlines" }), undefined);
    assert.equal(goYaml({ a: "word ".repeat(30) }), undefined);
    assert.equal(goYaml({ a: 1.5 }), undefined);
  });

  it("reads back as what was written", () => {
    // the reader takes a dot alone for a number
    const word = fc.stringMatching(/^[-?:*&!|>'"%@`#,[\]{}a-z0-9 ./+_=~<]{0,8}$/).filter((w) => !/^[-+._]+$/.test(w));
    // yaml.v2 writes this key without quotes, and no reader of YAML 1.1 takes it back as a key
    const key = word.filter((w) => w !== "<<");
    const value = fc.dictionary(key, fc.oneof(word, fc.integer(), fc.boolean(), fc.array(word)));
    fc.assert(
      fc.property(value, (written) => {
        const read: unknown = parse(goYaml(written) ?? "", { version: "1.1", merge: false });
        assert.deepEqual(read, { ...written });
      }),
    );
  });
});

const policy = parse(`
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: ["RequestReceived"]
omitManagedFields: true
unknownKey: 1
rules:
- level: RequestResponse
  resources:
  - group: ""
    resources: ["pods"]
- level: Metadata
  omitManagedFields: false
  resources:
  - group: ""
    resources: ["pods/log", "pods/status", "*"]
    resourceNames: []
- level: None
  users: ["system:kube-proxy"]
  verbs: ["watch"]
  resources:
  - group: ""
    resources: ["endpoints", "services"]
- level: None
  userGroups: ["system:authenticated"]
  nonResourceURLs: ["/api*", "/version"]
- level: Request
  namespaces: ["kube-system", ""]
  omitStages: [ResponseStarted]
  resources:
  - group: extensions
`);

describe("the audit policy's checksum", () => {
  const cases: [what: string, policy: unknown, checksum: string | undefined][] = [
    ["RKE's own policy", undefined, "856f426399fb14a50b78e721d15c168c"],
    ["a policy with every key, and one that the type lacks", policy, "fac3133566845d018ae5ef47b4931202"],
    ["a policy without rules", { apiVersion: "audit.k8s.io/v1", kind: "Policy" }, "f2047f81ed481f5e00f532209c6eb052"],
    ["metadata of one's own, which isn't modelled", { ...policy, metadata: { name: "x" } }, undefined],
    ["text instead of a policy", "Policy", undefined],
  ];
  for (const [what, given, checksum] of cases) {
    it(`of ${what}`, () => assert.equal(auditPolicyChecksum(given, "v1.5.14"), checksum));
  }

  it("doesn't depend on omitManagedFields before RKE v1.3.8", () => {
    const { omitManagedFields: _, ...without } = policy;
    const rules = (policy.rules as Record<string, unknown>[]).map(({ omitManagedFields: _, ...rule }) => rule);
    const plain = { ...without, rules };
    assert.equal(auditPolicyChecksum(policy, "v1.3.7"), auditPolicyChecksum(plain, "v1.3.7"));
    assert.notEqual(auditPolicyChecksum(policy, "v1.3.8"), auditPolicyChecksum(plain, "v1.3.8"));
  });
});

describe("the admission configuration's checksum", () => {
  const limits = [
    { type: "Server", qps: 6000, burst: 30000 },
    { type: "Namespace", qps: 50, burst: 100, cacheSize: 2000 },
  ];
  const head = { apiVersion: "eventratelimit.admission.k8s.io/v1alpha1", kind: "Configuration" };
  const plugins = [
    { name: "ImagePolicyWebhook", path: "imagepolicyconfig.yaml" },
    { name: "EventRateLimit", path: "", configuration: { ...head, limits: limits.slice(0, 1) } },
    {
      name: "PodSecurity",
      configuration: {
        apiVersion: "pod-security.admission.config.k8s.io/v1",
        kind: "PodSecurityConfiguration",
        defaults: { enforce: "baseline", "enforce-version": "latest" },
        exemptions: { namespaces: ["a", "*"] },
      },
    },
  ];
  const cases: [what: string, kubernetes: string, kubeApi: object, checksum: string][] = [
    ["nothing set", "v1.22.17-rancher1-2", {}, "dd9c41b688f9370880b74abdb852935e"],
    ["nothing set", "v1.23.4-rancher1-1", {}, "3d3984384a7a48da4c252eb3edeca246"],
    ["nothing set", "v1.24.17-rancher1-1", {}, "3d3984384a7a48da4c252eb3edeca246"],
    ["nothing set", "v1.25.6-rancher2-1", {}, "69ff71a7958fe5108686fd89fcbff80d"],
    [
      "restricted pods",
      "v1.28.14-rancher1-1",
      { pod_security_configuration: "restricted" },
      "fe4daf2c9a6824b6377a4826692058c5",
    ],
    [
      "limits",
      "v1.28.14-rancher1-1",
      { event_rate_limit: { enabled: true, configuration: { ...head, limits } } },
      "b2a77bba40971b04348c63ba50a8e2b1",
    ],
    [
      "limits without kind",
      "v1.28.14-rancher1-1",
      { event_rate_limit: { enabled: true, configuration: { limits: [{ type: "Server", qps: 6000 }] } } },
      "acecd6db7cebde354f8dd02823bab5a8",
    ],
    [
      "limits that are off",
      "v1.28.14-rancher1-1",
      { event_rate_limit: { enabled: false, configuration: { limits: [] } } },
      "69ff71a7958fe5108686fd89fcbff80d",
    ],
    [
      "plug-ins of one's own",
      "v1.28.14-rancher1-1",
      { admission_configuration: { plugins } },
      "425a843a1f90b04253c9fb4690e04a39",
    ],
    [
      "plug-ins of one's own",
      "v1.20.15-rancher2-2",
      { admission_configuration: { plugins } },
      "2d24ef5c2a69d8ae811f2b1f5f085078",
    ],
    [
      "a plug-in that RKE loses",
      "v1.20.15-rancher2-2",
      { admission_configuration: { plugins: plugins.slice(0, 1) } },
      "dd9c41b688f9370880b74abdb852935e",
    ],
  ];
  for (const [what, kubernetes, kubeApi, checksum] of cases) {
    it(`${what}, Kubernetes ${kubernetes}`, () =>
      assert.equal(admissionChecksum({ services: { "kube-api": kubeApi } }, kubernetes), checksum));
  }
});

describe("cloud_provider", () => {
  const cluster = (said: unknown, rkeVersion: string) => ({ rke: { cloud_provider: said }, rkeVersion });
  const empty = "d41d8cd98f00b204e9800998ecf8427e";
  const cases: [what: string, said: unknown, name: string, checksum: string | undefined][] = [
    ["none", undefined, "", empty],
    ["a name that RKE doesn't know", { name: "external" }, "external", empty],
    ["aws by name", { name: "aws" }, "aws", empty],
    ["aws by its settings", { awsCloudProvider: { global: {} } }, "aws", undefined],
    ["vsphere, whose file holds passwords", { name: "vsphere", vsphereCloudProvider: {} }, "vsphere", undefined],
    [
      "a file that is a secret",
      { name: "mycloud", customCloudProvider: "<secret cloud_provider.customCloudProvider>" },
      "mycloud",
      undefined,
    ],
    [
      "a file of one's own",
      { name: "mycloud", customCloudProvider: "[Global]\na=b" },
      "mycloud",
      "6e59dd1bd67a290add5209531c962b2e",
    ],
  ];
  for (const [what, said, name, checksum] of cases) {
    it(what, () => assert.deepEqual(cloudProvider(cluster(said, "v1.5.10")), { name, checksum }));
  }

  const named: [what: string, said: unknown, name: string][] = [
    ["azure's settings under another name", { name: "external", azureCloudProvider: {} }, "external"],
    ["aws's settings under another name", { name: "foo", awsCloudProvider: {} }, "aws"],
    ["harvester is external", { name: "harvester", harvesterCloudProvider: {} }, "external"],
    ["of two kinds the later one, by the given name", { name: "aws", vsphereCloudProvider: {} }, "aws"],
  ];
  for (const [what, said, name] of named) {
    it(what, () => assert.equal(cloudProvider(cluster(said, "v1.5.10")).name, name));
  }

  it("harvester's settings aren't read before RKE v1.3.3", () =>
    assert.deepEqual(cloudProvider(cluster({ name: "harvester", harvesterCloudProvider: {} }, "v1.3.2")), {
      name: "harvester",
      checksum: empty,
    }));

  const refused: [what: string, said: unknown, missing: string][] = [
    ["azure without its settings", { name: "azure" }, "azureCloudProvider"],
    [
      "vsphere's name with openstack's settings",
      { name: "vsphere", openstackCloudProvider: {} },
      "vsphereCloudProvider",
    ],
    ["a file of one's own without a name", { customCloudProvider: "a" }, "name"],
  ];
  for (const [what, said, missing] of refused) {
    it(`${what} is refused`, () => assert.equal(cloudProvider(cluster(said, "v1.5.10")).missing, missing));
  }
});
