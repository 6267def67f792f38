/**
 * Reads a line of JSON that a host wrote about one of its steps. `host` is set to the topology's name of the host that was asked:
 * the record has the host's own name, which may be another (its full domain name, capitals).
 *
 * @param host the name in the topology
 * @throws SyntaxError if the line is cut
 */
export const recordOf = <T extends { host: string }>(host: string, line: string): T => ({
  ...(JSON.parse(line) as T),
  host,
});
/** The result of a step as the host keeps it; `on-host/lib/step.sh` writes it at the step's end. */
export interface StepResult {
  step: string;
  /** The host's name in the topology (see recordOf). */
  host: string;
  epoch: number;
  generation: number;
  input: string;
  /** Unix time, milliseconds, of the host's clock. */
  startedAt: number;
  milliseconds: number;
  did: string[];
  facts: Record<string, string>;
}
