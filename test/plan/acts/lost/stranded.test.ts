import assert from "node:assert/strict";
import { type ClusterLists, strandedIn, strandedMarkdown } from "../../../../plan/acts/lost/stranded";

const named = (name: string, rest: object = {}, namespace: string | undefined = "shop") => ({
  metadata: { name, ...(namespace === "" ? {} : { namespace }) },
  ...rest,
});
const none = { items: [] };
const lists = (change: Partial<ClusterLists>): ClusterLists => ({
  nodes: { items: [named("master3", {}, "")] },
  pods: [],
  persistentVolumes: none,
  persistentVolumeClaims: none,
  statefulSets: none,
  webhooks: [],
  endpoints: none,
  ...change,
});

describe("what the cluster expects of hosts that are gone", () => {
  const pod = (name: string, nodeName?: string, phase = "Running") =>
    named(name, { spec: { nodeName }, status: { phase } });

  it("names pods on hosts that the API doesn't know, but for those that have ended", () => {
    const pods = [{ items: [pod("a", "node1"), pod("b", "master3"), pod("c", "node1", "Succeeded"), pod("d")] }];
    assert.deepEqual(strandedIn(lists({ pods })).pods, ["shop/a on node1"]);
  });

  const volume = (name: string, values: string[]) =>
    named(
      name,
      {
        spec: {
          nodeAffinity: {
            required: {
              nodeSelectorTerms: [{ matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values }] }],
            },
          },
        },
      },
      "",
    );
  const claim = (name: string, volumeName: string) => named(name, { spec: { volumeName } });
  const set = (name: string) => named(name, { spec: { volumeClaimTemplates: [named("data", {}, "")] } });

  it("names StatefulSets by their claims on volumes that only such hosts reach", () => {
    const found = strandedIn(
      lists({
        persistentVolumes: {
          items: [volume("v1", ["node1"]), volume("v2", ["node1", "master3"]), named("v3", {}, "")],
        },
        persistentVolumeClaims: {
          items: [
            claim("data-db-0", "v1"),
            claim("data-db-1", "v2"),
            claim("data-web-0", "v3"),
            claim("data-db-two-0", "v1"),
          ],
        },
        statefulSets: { items: [set("db"), set("web"), set("db-two")] },
      }),
    ).statefulSets;
    assert.deepEqual(found, ["shop/db: data-db-0 on node1", "shop/db-two: data-db-two-0 on node1"]);
  });

  it("names webhooks that must be asked and whose Service has no ready backend", () => {
    const webhook = (name: string, service: string | undefined, failurePolicy?: string) => ({
      name,
      failurePolicy,
      clientConfig: service === undefined ? { url: "https://x" } : { service: { namespace: "shop", name: service } },
    });
    const configuration = named(
      "conf",
      {
        webhooks: [
          webhook("gone", "gone", "Fail"),
          webhook("by-default", "unready"),
          webhook("ignored", "gone", "Ignore"),
          webhook("served", "well", "Fail"),
          webhook("outside", undefined, "Fail"),
        ],
      },
      "",
    );
    const endpoints = {
      items: [
        named("well", { subsets: [{ addresses: [{ ip: "10.0.0.1" }] }] }),
        named("unready", { subsets: [{ notReadyAddresses: [{ ip: "10.0.0.2" }] }] }),
      ],
    };
    assert.deepEqual(strandedIn(lists({ webhooks: [{ items: [configuration] }], endpoints })).webhooks, [
      "gone (conf): Service shop/gone has no backend",
      "by-default (conf): Service shop/unready has no backend",
    ]);
  });

  it("is written with counts and names; Nothing if there is nothing", () => {
    const text = strandedMarkdown({ pods: ["shop/a on node1"], statefulSets: [], webhooks: [] }).join("\n");
    assert.match(text, /- 1 pods on hosts that the API doesn't know:\n {2}- shop\/a on node1/);
    assert.match(strandedMarkdown({ pods: [], statefulSets: [], webhooks: [] }).join("\n"), /Nothing\./);
  });
});
