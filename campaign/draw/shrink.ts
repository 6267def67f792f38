/** A failing run is shrunk to the fewest choices that still fail. */

import type { CampaignInstaller } from "./axes";
import { AXES, type Choices } from "./axes";
import { fitted, plainest, remarkable } from "./draw";

/**
 * Sets axes back to their plainest value as long as the run still fails: all of a half at once, then one by one, until no single axis can
 * be set back. A run is tried once only.
 * @param fails runs the choices; true if they fail in the same way
 * @param budget the most runs that may be tried
 * @returns the smallest failing choices that were found, and the number of tries
 */
export async function shrink(
  choices: Choices,
  fails: (choices: Choices) => Promise<boolean>,
  budget = 20,
): Promise<{ choices: Choices; tries: number }> {
  const plain = plainest(choices.installer as CampaignInstaller);
  const tried = new Set([textOf(choices)]);
  let smallest = choices;
  let tries = 0;
  const attempt = async (axes: readonly string[]): Promise<boolean> => {
    const candidate = fitted({ ...smallest, ...Object.fromEntries(axes.map((name) => [name, plain[name] ?? ""])) });
    if (tries >= budget || tried.has(textOf(candidate)) || remarkable(candidate).length >= remarkable(smallest).length)
      return false;
    tried.add(textOf(candidate));
    tries++;
    if (!(await fails(candidate))) return false;
    smallest = candidate;
    return true;
  };
  for (let size = Math.ceil(left().length / 2); size > 0; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let again = true; again; ) {
      again = false;
      // late events first: what comes after the fault can't have made it
      const axes = left().reverse();
      for (let i = 0; i < axes.length; i += size) again = (await attempt(axes.slice(i, i + size))) || again;
    }
  }
  return { choices: smallest, tries };

  function left(): string[] {
    return AXES.map(({ name }) => name).filter((name) => smallest[name] !== plain[name]);
  }
}

const textOf = (choices: Choices): string => AXES.map(({ name }) => choices[name]).join("\n");
