import { noLab } from "./world";

/**
 * Suites of a lab that take minutes and are run on request, so that the whole of the tests stays short:
 * RKE_DR_E2E=witness,bastion runs these two, RKE_DR_E2E=all every one.
 */
export function onRequest(name: string, title: string, body: (this: Mocha.Suite) => void): void {
  const requested = isRequested(name);
  const why = noLab || (requested ? "" : `takes minutes; RKE_DR_E2E=${name} runs it`);
  if (why === "") describe(title, body);
  else describe.skip(`${title} (skipped: ${why})`, body);
}

export function isRequested(name: string): boolean {
  const wanted = (process.env.RKE_DR_E2E ?? "").split(",");
  return wanted.includes("all") || wanted.includes(name);
}
