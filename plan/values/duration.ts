const units: Record<string, number> = { m: 60, h: 3600, d: 86400 };

const pattern = /^([1-9][0-9]{0,5})([mhd])$/;

/** True for a whole number of minutes, hours or days, like "15m", "1h" or "1d". */
export const isDuration = (text: string): boolean => pattern.test(text);

/** Seconds of a duration: "1h" is 3600. @throws Error if the text is no duration */
export function durationSeconds(text: string): number {
  const [, amount, unit] = pattern.exec(text) ?? [];
  if (amount === undefined || unit === undefined) {
    throw new Error(`${JSON.stringify(text)} is not a time like "15m", "1h" or "1d"`);
  }
  return Number(amount) * (units[unit] ?? 0);
}

/** A time in words, in its two largest units: "3 h 20 min". */
export function durationWords(seconds: number): string {
  const parts: [number, string][] = [
    [Math.floor(seconds / 86400), "d"],
    [Math.floor((seconds % 86400) / 3600), "h"],
    [Math.floor((seconds % 3600) / 60), "min"],
    [Math.floor(seconds % 60), "s"],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  const shown = first < 0 ? parts.slice(-1) : parts.slice(first, first + 2).filter(([count]) => count > 0);
  return shown.map(([count, unit]) => `${count} ${unit}`).join(" ");
}
