import assert from "node:assert/strict";
import { parseTopology } from "../../../../plan/declaration/declaration";
import { render } from "../../../../plan/review/rendering";
import { raw, seedHosts } from "../../worlds/topologies";

/** A process that the seed's hosts with these settings would run, all its lists in one. */
export function lines(rest: Record<string, unknown>, key: string): string[] {
  const p = render(parseTopology(raw(seedHosts, rest)), { stack: "primary" }).processes[key];
  assert.ok(p);
  const lists = [...(p.command ?? []), ...(p.args ?? []), ...(p.env ?? []), ...p.binds];
  return [...lists, `image ${p.image}`, ...(p.user === undefined ? [] : [`user ${p.user}`])];
}
