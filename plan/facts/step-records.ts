/**
 * A line of JSON that a host wrote of one of its steps. It counts as told by the host that was asked: what a host calls
 * itself may be its whole domain name, have capitals, or be anything, and the topology knows it by another.
 *
 * @param host the name in the topology
 * @throws SyntaxError where the line is cut
 */
export const recordOf = <T extends { host: string }>(host: string, line: string): T => ({
  ...(JSON.parse(line) as T),
  host,
});
/** The result of a step as the host keeps it: `on-host/lib/step.sh` writes it, last. */

export interface StepResult {
  step: string;
  /** Its name in the topology: where a record is read, the host that was asked stands for what it calls itself. */
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
