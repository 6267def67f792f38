import assert from "node:assert/strict";
import { knownRke } from "../../../../plan/installers/rke/releases/table";
import { differences } from "../../../../plan/runtimes/process";
import { planned, recordedCluster } from "./recorded-clusters";

const cluster = recordedCluster("single-datacenter-order");
const kubeApi = (settings: string) => `${cluster}\nservices: {kube-api: {${settings}}}\n`;
const etcd = (settings: string) => `${cluster}\nservices: {etcd: {${settings}}}\n`;

type Lists = Record<"command" | "args" | "env" | "binds", string[]>;

/** The changes between two plans of one process, as `- old` and `+ new`. */
function change(key: string, clusterYml: string, from: [string, string], to: [string, string]): string[] {
  const lists = (release: [string, string]) => planned(clusterYml, ...release)[key] as unknown as Lists;
  const [before, after] = [lists(from), lists(to)];
  return (["command", "args", "env", "binds"] as const).flatMap((part) => differences(before[part], after[part]));
}

const api = "master1/kube-apiserver";
const member = "master1/etcd";
const policies = "--runtime-config=policy/v1beta1/podsecuritypolicy=true";

interface Border {
  last: string;
  first: string;
  kubernetes: string;
  key: string;
  clusterYml?: string;
  /** Lines of the change from `last` to `first`; audit and admission checksums and plug-ins are told by name only. */
  changes: string[];
}

const borders: Border[] = [
  {
    last: "v1.2.5",
    first: "v1.2.6",
    kubernetes: "v1.19.7-rancher1-1",
    key: api,
    changes: ["+ RKE_AUDITLOG_CONFIG_CHECKSUM"],
  },
  { last: "v1.2.5", first: "v1.2.6", kubernetes: "v1.15.10-rancher1-1", key: api, changes: [] },
  { last: "v1.2.7", first: "v1.2.8", kubernetes: "v1.20.5-rancher1-1", key: member, changes: [] },
  {
    last: "v1.2.7",
    first: "v1.2.8",
    kubernetes: "v1.20.5-rancher1-1",
    key: member,
    clusterYml: `${cluster}\nsystem_images: {etcd: "mine/etcd:v3.4.14"}\n`,
    changes: ["+ --cipher-suites=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"],
  },
  {
    last: "v1.3.2",
    first: "v1.3.3",
    kubernetes: "v1.21.6-rancher1-1",
    key: api,
    changes: ["- /var/log/kube-audit:/var/log/kube-audit:z", "+ /var/log/kube-audit:/var/log/kube-audit"],
  },
  { last: "v1.3.2", first: "v1.3.3", kubernetes: "v1.21.6-rancher1-1", key: member, changes: [] },
  {
    last: "v1.3.11",
    first: "v1.3.12",
    kubernetes: "v1.23.6-rancher1-1",
    key: member,
    clusterYml: etcd("extra_args_array: {x: [a, b]}"),
    changes: ["+ --x=a", "+ --x=b"],
  },
  {
    last: "v1.3.11",
    first: "v1.3.12",
    kubernetes: "v1.23.6-rancher1-1",
    key: api,
    clusterYml: kubeApi("extra_args_array: {x: [a, b]}"),
    changes: ["+ --x=a", "+ --x=b"],
  },
  {
    last: "v1.4.3",
    first: "v1.4.4",
    kubernetes: "v1.24.10-rancher4-1",
    key: api,
    changes: ["+ --admission-control-config-file=/etc/kubernetes/admission.yaml"],
  },
  {
    last: "v1.4.3",
    first: "v1.4.4",
    kubernetes: "v1.24.10-rancher4-1",
    key: api,
    clusterYml: kubeApi("event_rate_limit: {enabled: true}"),
    changes: [],
  },
  { last: "v1.3.24", first: "v1.4.0", kubernetes: "v1.24.6-rancher1-1", key: api, changes: [] },
  { last: "v1.4.22", first: "v1.5.0", kubernetes: "v1.27.6-rancher1-1", key: api, changes: [] },
  {
    last: "v1.4.14",
    first: "v1.4.15",
    kubernetes: "v1.26.13-rancher1-1",
    key: api,
    clusterYml: `${cluster}\ncloud_provider: {name: external-aws}\n`,
    changes: ["- --cloud-provider=external-aws", "+ --cloud-provider=external"],
  },
  {
    last: "v1.5.8",
    first: "v1.5.9",
    kubernetes: "v1.28.8-rancher1-1",
    key: api,
    changes: ["+ RKE_ADMISSION_CONFIG_CHECKSUM"],
  },
  {
    last: "v1.5.8",
    first: "v1.5.9",
    kubernetes: "v1.28.8-rancher1-1",
    key: api,
    clusterYml: kubeApi("extra_env: [A=1]"),
    changes: ["+ ", "+ RKE_ADMISSION_CONFIG_CHECKSUM"],
  },
  {
    last: "v1.5.10",
    first: "v1.5.11",
    kubernetes: "v1.28.8-rancher1-1",
    key: api,
    clusterYml: kubeApi("extra_env: [A=1, ' B=2']"),
    changes: ["- ", "-  B=2", "+ B=2"],
  },
  {
    last: "v1.5.14",
    first: "v1.6.3",
    kubernetes: "v1.24.17-rancher1-1",
    key: api,
    clusterYml: kubeApi("pod_security_policy: true"),
    changes: [`- ${policies}`, "- PodSecurityPolicy", "+ --runtime-config=authorization.k8s.io/v1beta1=true"],
  },
  { last: "v1.4.22", first: "v1.5.9", kubernetes: "v1.27.13-rancher1-1", key: member, changes: [] },
  { last: "v1.6.3", first: "v1.7.0-rc.3", kubernetes: "v1.30.5-rancher1-1", key: api, changes: [] },
];

/** Checksums without their value, and of the list of plug-ins only those that one side has. */
function told(lines: string[]): string[] {
  const plugins = (sign: string) =>
    lines.filter((l) => l.startsWith(`${sign} --enable-admission-plugins=`)).flatMap((l) => l.slice(29).split(","));
  const [before, after] = [plugins("-"), plugins("+")];
  return [
    ...lines.filter((l) => !l.includes("--enable-admission-plugins=")).map((l) => l.replace(/(_CHECKSUM)=.*/, "$1")),
    ...differences(before, after),
  ].sort();
}

describe("what changes at the border between two RKE releases", () => {
  for (const { last, first, kubernetes, key, clusterYml = cluster, changes } of borders) {
    const settings = clusterYml.slice(cluster.length).trim() || "nothing set";
    it(`${last} to ${first}, ${kubernetes}, ${key}, ${settings}: ${changes.join("; ") || "nothing"}`, () =>
      assert.deepEqual(told(change(key, clusterYml, [last, kubernetes], [first, kubernetes])), [...changes].sort()));
  }

  it("no release changes what the one before it plans, but at these borders", () => {
    const quiet = knownRke.filter((rke) => !borders.some((b) => b.changes.length > 0 && b.first === rke));
    for (const rke of quiet) {
      const before = knownRke[knownRke.indexOf(rke) - 1];
      if (before === undefined) continue;
      for (const key of [api, member]) {
        const from: [string, string] = [before, "v1.18.9-rancher1-1"];
        assert.deepEqual(
          change(key, kubeApi("pod_security_policy: true, extra_env: [A=1]"), from, [rke, from[1]]),
          [],
          rke,
        );
      }
    }
  });
});

describe("what changes at the border between two versions of Kubernetes, in RKE v1.5.14", () => {
  const steps: [from: string, to: string, key: string, changes: string[]][] = [
    [
      "v1.16.15-rancher1-3",
      "v1.16.15-rancher1-4",
      member,
      [
        "+ --client-cert-auth=true",
        "+ --peer-client-cert-auth=true",
        "- --client-cert-auth",
        "- --peer-client-cert-auth",
      ],
    ],
    ["v1.16.15-rancher1-4", "v1.17.0-rancher1-1", member, ["+ --enable-v2=true"]],
    ["v1.18.17-rancher1-3", "v1.18.18-rancher1-1", member, ["+ --cipher-suites", "- :4001"]],
    ["v1.17.3-rancher1-1", "v1.17.4-rancher1-1", api, ["audit log"]],
    ["v1.20.15-rancher2-2", "v1.21.4-rancher1-1", api, ["- --feature-gates"]],
    ["v1.21.14-rancher1-1", "v1.22.4-rancher1-1", member, ["- --enable-v2=true", "binds without z"]],
    ["v1.22.7-rancher1-1", "v1.22.7-rancher1-2", member, ["+ --experimental-initial-corrupt-check=true"]],
    ["v1.23.16-rancher2-3", "v1.24.2-rancher1-1", api, ["- --insecure-port=0"]],
    ["v1.22.17-rancher1-2", "v1.23.4-rancher1-1", api, ["another admission file"]],
    ["v1.24.17-rancher1-1", "v1.25.6-rancher2-1", api, ["another admission file"]],
    ["v1.25.16-rancher2-3", "v1.28.14-rancher1-1", api, []],
  ];
  for (const [from, to, key, changes] of steps) {
    it(`${from} to ${to}, ${key}: ${changes.join("; ") || "nothing"}`, () =>
      assert.deepEqual(
        [...new Set(change(key, cluster, ["v1.5.14", from], ["v1.5.14", to]).flatMap(words))].sort(),
        [...changes].sort(),
      ));
  }
});

/** A line of a change in the words of the table above. */
function words(line: string): string[] {
  const named: [RegExp, string[]][] = [
    [/audit-|AUDITLOG|kube-audit/, ["audit log"]],
    [/_ADMISSION_CONFIG_CHECKSUM/, ["another admission file"]],
    [/^. \/[^ ]*:\//, ["binds without z"]],
    [/^- --advertise-client-urls=.*:4001$/, ["- :4001"]],
    [/^\+ --advertise-client-urls/, []],
    [/^. --(cipher-suites|feature-gates)/, [line.replace(/=.*/, "")]],
  ];
  return named.find(([pattern]) => pattern.test(line))?.[1] ?? [line];
}
