import { factsOf, type Observation } from "../facts/observation";
import type { Host } from "../topology/topology";

/** Data and containers that earlier acts have set aside, with size, host by host; empty if there are none. */
export function describeAside(hosts: Host[], seen: Observation): string[] {
  const lines = hosts.flatMap((host) => {
    const aside = factsOf(seen, host)?.aside ?? [];
    const stopped = aside.filter((a) => a.path.startsWith("container ")).map((a) => a.path.slice("container ".length));
    return [
      ...aside
        .filter((a) => !a.path.startsWith("container "))
        .map((a) => `  ${host.name.padEnd(12)} ${a.path}, ${a.bytes} bytes`),
      ...(stopped.length > 0 ? [`  ${host.name.padEnd(12)} containers ${stopped.join(", ")}`] : []),
    ];
  });
  return lines.length === 0
    ? []
    : ["Set aside by earlier acts; nothing is deleted unless rke-dr:purge names an epoch", ...lines, ""];
}
