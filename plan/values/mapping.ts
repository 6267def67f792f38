/** A value of YAML or JSON with keys; neither a list nor null. */
export type Mapping = Record<string, unknown>;

export const isMapping = (value: unknown): value is Mapping =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The value if it has keys, else none. */
export const mapping = (value: unknown): Mapping => (isMapping(value) ? value : {});
