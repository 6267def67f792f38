/** A place in cluster.yml: keys, and positions in lists. */
export type Path = (string | number)[];

/** A value that RKE refuses as well, since it doesn't fit the field. */
export interface Misfit {
  path: Path;
  rule: string;
  /** As cluster.yml has it; undefined if it is a secret. */
  value: string | undefined;
  line: number;
}

/** The findings of reading cluster.yml besides the values. */
export interface Reading {
  misfits: Misfit[];
  /** Keys that RKE has no field for, and passes over. */
  ignored: { path: Path; line: number }[];
  /** Keys that stand twice in one mapping, with the lines. */
  repeated: { path: Path; lines: number[] }[];
}
