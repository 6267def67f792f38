import assert from "node:assert/strict";
import type { EngineEvent } from "@pulumi/pulumi/automation";
import { type ActEvent, actEvents } from "../../automation/events";

const urn = (name: string, type = "command:remote:Command") =>
  `urn:pulumi:failover::rke-dr::rke-dr:parts:KubeApiServer$${type}::${name}`;
const metadata = (name: string, op = "create", type = "command:remote:Command") => ({ urn: urn(name, type), op, type });

/** The act's events that Pulumi's become, a second apart. */
function told(events: unknown[]): ActEvent[] {
  const all: ActEvent[] = [];
  let now = 0;
  const tell = actEvents(
    (event) => all.push(event),
    () => now,
  );
  for (const event of events) {
    tell(event as EngineEvent);
    now += 1000;
  }
  return all;
}

describe("an act's events, of Pulumi's", () => {
  for (const [what, events, expected] of [
    [
      "a step begins, says something, and ends",
      [
        { resourcePreEvent: { metadata: metadata("first-write-master3") } },
        {
          diagnosticEvent: {
            urn: urn("first-write-master3"),
            message: "<{%reset%}>master3: a write\n<{%reset%}>",
            severity: "info",
          },
        },
        { resOutputsEvent: { metadata: metadata("first-write-master3") } },
      ],
      [
        { kind: "step", name: "first-write-master3", state: "started" },
        { kind: "said", name: "first-write-master3", text: "master3: a write" },
        { kind: "step", name: "first-write-master3", state: "ended", seconds: 2 },
      ],
    ],
    [
      "a step fails, with the engine's error",
      [
        { resourcePreEvent: { metadata: metadata("rke-up-master3") } },
        { diagnosticEvent: { urn: urn("rke-up-master3"), message: "exit status 1", severity: "error" } },
        { resOpFailedEvent: { metadata: metadata("rke-up-master3") } },
      ],
      [
        { kind: "step", name: "rke-up-master3", state: "started" },
        { kind: "words", severity: "error", text: "exit status 1" },
        { kind: "step", name: "rke-up-master3", state: "failed", seconds: 2 },
      ],
    ],
    [
      "steps that have nothing to do, and components, are no steps",
      [
        { resourcePreEvent: { metadata: metadata("claim-master3", "same") } },
        { resOutputsEvent: { metadata: metadata("claim-master3", "same") } },
        { resourcePreEvent: { metadata: metadata("Claim", "create", "rke-dr:parts:Claim") } },
        { resOutputsEvent: { metadata: metadata("Claim", "create", "rke-dr:parts:Claim") } },
      ],
      [],
    ],
    [
      "debug lines hold resources' inputs, secrets too: nobody is told of them",
      [
        {
          diagnosticEvent: {
            urn: urn("claim-master3"),
            message: "RegisterResource RPC prepared: privateKey",
            severity: "debug",
          },
        },
        { diagnosticEvent: { message: "RegisterResource RPC finished: privateKey", severity: "debug" } },
      ],
      [],
    ],
    [
      "the program's own words belong to no step",
      [
        {
          diagnosticEvent: {
            urn: "urn:pulumi:failover::rke-dr::pulumi:pulumi:Stack::rke-dr-failover",
            message: "FAILOVER: x\n",
            severity: "info#err",
          },
        },
      ],
      [{ kind: "words", severity: "info", text: "FAILOVER: x" }],
    ],
  ] as const) {
    it(what, () => assert.deepEqual(told([...events]), expected));
  }
});
