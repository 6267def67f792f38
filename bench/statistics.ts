/** Several measurements of one thing. */
export interface Spread {
  min: number;
  median: number;
  max: number;
  runs: number;
}

/** @throws RangeError where nothing was measured */
export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (index: number): number => {
    const value = sorted[index];
    if (value === undefined) throw new RangeError("a spread must have at least one value, has none");
    return value;
  };
  const middle = (sorted.length - 1) / 2;
  return {
    min: at(0),
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    max: at(sorted.length - 1),
    runs: sorted.length,
  };
}

/** How many times `values` the `others` are, run by run: what slows the machine down slows both. */
export function ratios(values: readonly number[], others: readonly number[]): Spread {
  return spread(values.slice(0, others.length).map((value, i) => value / (others[i] ?? Number.NaN)));
}

/**
 * By which power of its size the cost of a thing grows, from two measurements: 1 is linear, 2 quadratic.
 */
export function growth(small: { size: number; cost: number }, large: { size: number; cost: number }): number {
  return Math.log(large.cost / small.cost) / Math.log(large.size / small.size);
}
