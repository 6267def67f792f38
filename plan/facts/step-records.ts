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
