/**
 * Words for people with the stacks of one of several clusters: guards and previews name the stacks `primary` and `failover`, and of a cluster with
 * the stack NAME-failover these are NAME-primary and NAME-failover.
 * @param stack the stack that runs
 */
export function withStackNames(words: string, stack: string): string {
  const [, cluster] = /^(.+)-(?:primary|failover)$/.exec(stack) ?? [];
  return cluster === undefined ? words : words.replace(/(--stack )(primary|failover)\b/g, `$1${cluster}-$2`);
}
