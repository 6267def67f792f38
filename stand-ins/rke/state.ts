/** cluster.rkestate, in RKE's JSON shape. It holds private keys in clear text. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { Bundle } from "./certificates/bundle";
import type { Log } from "./log";
import { hidesState } from "./releases";
import type { RkeConfig } from "./rke-config";

export interface State {
  rkeConfig?: RkeConfig;
  certificatesBundle?: Bundle;
  encryptionConfig?: string;
}

export interface FullState {
  desiredState: State;
  currentState: State;
}

/** Without a file, both states are empty and there is no bundle; with one, a bundle is there, if only an empty one. */
export function readState(path: string): FullState {
  if (!existsSync(path)) return { desiredState: {}, currentState: {} };
  const parsed = JSON.parse(readFileSync(path, "utf8")) as Partial<FullState>;
  const withBundle = (state: State | undefined): State => ({
    ...state,
    certificatesBundle: state?.certificatesBundle ?? {},
  });
  return { desiredState: withBundle(parsed.desiredState), currentState: withBundle(parsed.currentState) };
}

/** Go's encoder leaves out what is empty and sorts the keys of maps. */
function forFile(state: State): State {
  const bundle = state.certificatesBundle ?? {};
  const names = Object.keys(bundle).sort();
  return {
    ...(state.rkeConfig ? { rkeConfig: state.rkeConfig } : {}),
    ...(names.length > 0
      ? { certificatesBundle: Object.fromEntries(names.map((name) => [name, bundle[name]])) as Bundle }
      : {}),
    ...(state.encryptionConfig ? { encryptionConfig: state.encryptionConfig } : {}),
  };
}

export function stateText(state: FullState, indent?: number): string {
  const whole = { desiredState: forFile(state.desiredState), currentState: forFile(state.currentState) };
  return JSON.stringify(whole, undefined, indent);
}

export function writeState(state: FullState, path: string, log: Log): void {
  try {
    writeFileSync(path, stateText(state, 2), { mode: hidesState() ? 0o600 : 0o640 });
  } catch (error) {
    throw new Error(`Failed to write state file: ${(error as Error).message}`);
  }
  log.info(`Successfully Deployed state file at [${path}]`);
}
