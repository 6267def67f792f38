import type { EngineEvent } from "@pulumi/pulumi/automation";

/** What happens in an act, as it happens. `name` is a step and its host, as preview lists it: "first-write-master3". */
export type ActEvent =
  | { kind: "step"; name: string; state: "started" }
  /** @property seconds since its start, by this machine's clock */
  | { kind: "step"; name: string; state: "ended" | "failed"; seconds: number }
  /** A line that a step printed on its host. */
  | { kind: "said"; name: string; text: string }
  /** Words of the program: preview's text, notes, and what stops the act. */
  | { kind: "words"; severity: "info" | "warning" | "error"; text: string };

/** Makes Pulumi's events into those of an act. One for each operation: it knows when a step has begun. */
export function actEvents(told: (event: ActEvent) => void, now: () => number = Date.now): (event: EngineEvent) => void {
  const began = new Map<string, number>();
  return (event) => {
    const before = event.resourcePreEvent?.metadata;
    const after = event.resOutputsEvent?.metadata;
    const failed = event.resOpFailedEvent?.metadata;
    if (before && isStep(before.type) && before.op !== "same") {
      began.set(before.urn, now());
      told({ kind: "step", name: nameOf(before.urn), state: "started" });
    }
    const ended = after ?? failed;
    const at = ended && began.get(ended.urn);
    if (ended && at !== undefined) {
      // a replaced step comes twice
      began.delete(ended.urn);
      told({ kind: "step", name: nameOf(ended.urn), state: failed ? "failed" : "ended", seconds: (now() - at) / 1000 });
    }
    if (event.diagnosticEvent) diagnostic(event.diagnosticEvent, told);
  };
}

function diagnostic(
  { urn = "", severity, message }: NonNullable<EngineEvent["diagnosticEvent"]>,
  told: (event: ActEvent) => void,
): void {
  // the event log also has the SDK's debug lines, which the types leave out: they hold inputs of resources, the operator's private key among them
  if (!["info", "info#err", "warning", "error"].includes(severity)) return;
  // the engine's marks for colours
  const text = message.replace(/<\{%[^%]*%\}>/g, "").trimEnd();
  if (text === "") return;
  if (isStep(urn.split("::")[2]?.split("$").at(-1) ?? "") && severity !== "error" && severity !== "warning") {
    told({ kind: "said", name: nameOf(urn), text });
    return;
  }
  told({ kind: "words", severity: severity === "info#err" ? "info" : severity, text });
}

const isStep = (type: string): boolean => type === "command:remote:Command";
const nameOf = (urn: string): string => urn.split("::").at(-1) ?? urn;
