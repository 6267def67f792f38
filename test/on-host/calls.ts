/** A script without comments, arithmetic, and the texts of other programs: single quotes and here-documents. */
const commands = (text: string): string =>
  text
    .replace(/^\s*#.*$/gm, "")
    .replace(/<<'?([A-Z]+)'?\n[\s\S]*?\n\1\n/g, "\n")
    .replace(/'[^']*'/g, "''")
    .replace(/\(\(.*?\)\)/g, "true")
    .replace(/(^|\s)#.*$/gm, "$1");
/**
 * Names with an underscore that stand where a command stands: functions that a script calls. No program that scripts use has an
 * underscore in its name, and none of bash's own commands has one.
 */
export const calls = (text: string): string[] =>
  [
    ...commands(text).matchAll(
      /(?:^|[;&|(!]|\b(?:if|then|else|elif|do|while|until))\s*([a-z][a-z0-9]*_[a-z0-9_]+)(?=[\s;)]|$)/gm,
    ),
  ].map((found) => found[1] ?? "");
/** Functions that a script hands to `until_true`, as in `until_true 60 moved`. */
export const given = (text: string): string[] =>
  [...commands(text).matchAll(/\buntil_true\s+\S+\s+([a-z][a-z0-9_]*)/g)].map((found) => found[1] ?? "");
/** Names of the functions that a script defines. */
export const defined = (text: string): string[] =>
  [...text.matchAll(/^\s*([a-z][a-z0-9_]*)\(\)/gm)].map((f) => f[1] ?? "");
