/** A seed becomes choices. Each axis has a chance of its own, so that a new axis changes no other one's draw. */
import { createHash } from "node:crypto";
import { AXES, type Axis, type CampaignInstaller, type Choices, type Value } from "./axes";

/** Draws a run. The same seed and installer give the same choices, on every machine. */
export function draw(seed: number, installer: CampaignInstaller = "rke"): Choices {
  const chosen: Record<string, string> = { installer };
  for (const axis of AXES) {
    // the plainest value has weight 0 where it is the absence of another axis' event, and then only it may fit
    const fitting = axis.values.filter((value) => fits(value, chosen));
    chosen[axis.name] = pick(axis, fitting, chance(`${seed} ${axis.name}`)).name;
  }
  return chosen;
}

/**
 * Seeds from `first` on that draw these values, one after the other and without an end.
 * @throws Error if none of 10 000 seeds draws them
 */
export function* seedsThatDraw(first: number, installer: CampaignInstaller, only: Choices): Generator<number> {
  for (let seed = first, passed = 0; ; seed++) {
    const choices = draw(seed, installer);
    if (Object.entries(only).every(([axis, value]) => choices[axis] === value)) {
      passed = 0;
      yield seed;
    } else if (++passed === 10_000) {
      const wanted = Object.entries(only).map((pair) => pair.join(": "));
      throw new Error(`must be drawn by one of 10 000 seeds: ${wanted.join("; ")}`);
    }
  }
}

/** The values of an axis that an installer's clusters can have. */
export const valuesOf = (axis: Axis, installer = "rke"): Value[] =>
  axis.values.filter(({ only = installer }) => only === installer);

const plainestName = (axis: Axis, installer: string | undefined): string => valuesOf(axis, installer)[0]?.name ?? "";

/** The plainest run. */
export const plainest = (installer: CampaignInstaller = "rke"): Choices => ({
  installer,
  ...Object.fromEntries(AXES.map((axis) => [axis.name, plainestName(axis, installer)])),
});

/**
 * The same choices, with values that no longer fit replaced by the axis' plainest one, or by the first that fits.
 * @throws Error for an axis or a value that there isn't: an old run's choices may have lost their meaning
 */
export function fitted(wanted: Choices): Choices {
  const { installer = "rke" } = wanted;
  const chosen: Record<string, string> = { installer };
  for (const axis of AXES) {
    const name = wanted[axis.name] ?? plainestName(axis, installer);
    const value = axis.values.find((v) => v.name === name);
    if (!value) throw new Error(`${axis.name}: must be one of ${axis.values.map((v) => v.name).join("; ")}: "${name}"`);
    const fitting = axis.values.filter((v) => fits(v, chosen));
    chosen[axis.name] = (isAllowed(value, fitting) ? value : plainestOf(axis, fitting)).name;
  }
  const unknown = Object.keys(wanted).filter((name) => !(name in chosen));
  if (unknown.length > 0) throw new Error(`axis: must be one of the campaign's: ${unknown.join(", ")}`);
  return chosen;
}

/** Axes whose values aren't the plainest one, which is what a run is described by. */
export const remarkable = (choices: Choices): string[] =>
  AXES.filter((axis) => choices[axis.name] !== plainestName(axis, choices.installer)).map(
    (axis) => `${axis.name}: ${choices[axis.name]}`,
  );

const fits = (value: Value, chosen: Choices): boolean =>
  (value.only ?? chosen.installer) === chosen.installer && (value.fits?.(chosen) ?? true);

/** A value of weight 0 stands for the absence of something, and is allowed only if nothing else fits. */
const isAllowed = (value: Value, fitting: readonly Value[]): boolean =>
  fitting.includes(value) && (value.weight > 0 || fitting.length === 1);

const plainestOf = (axis: Axis, fitting: readonly Value[]): Value => {
  const found = fitting.find((value) => isAllowed(value, fitting));
  if (!found) throw new Error(`${axis.name}: no value fits`);
  return found;
};

function pick(axis: Axis, fitting: readonly Value[], at: number): Value {
  const total = fitting.reduce((sum, { weight }) => sum + weight, 0);
  let left = at * total;
  for (const value of fitting) {
    left -= value.weight;
    if (left < 0) return value;
  }
  return plainestOf(axis, fitting);
}

/** A number from 0 up to 1, evenly spread over the texts: the first 48 bits of the text's SHA-256. */
const chance = (text: string): number => createHash("sha256").update(text).digest().readUIntBE(0, 6) / 2 ** 48;
