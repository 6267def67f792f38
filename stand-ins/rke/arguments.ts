/** RKE's command line, as far as the stand-in knows it. Anything else is refused by name. */
import { parseArgs } from "node:util";
import type { UpOptions } from "./up";

export type Command = { kind: "up"; options: UpOptions } | { kind: "version" };

const UP = {
  config: { type: "string" },
  "ignore-docker-version": { type: "boolean" },
  "disable-port-check": { type: "boolean" },
  "custom-certs": { type: "boolean" },
  "cert-dir": { type: "string" },
} as const;

/** RKE's flags take one or two dashes. */
function twoDashes(argument: string): string {
  return /^-[a-z][a-z-]+(=|$)/.test(argument) ? `-${argument}` : argument;
}

export function parseCommand(argv: string[]): Command {
  const [command, ...rest] = argv;
  if (command === "--version" || command === "-v") return { kind: "version" };
  if (command !== "up") {
    throw new Error(`the stand-in does not model: rke ${command ?? "without a command"} (only: up, --version)`);
  }
  try {
    const { values } = parseArgs({ args: rest.map(twoDashes), options: UP, strict: true, allowPositionals: false });
    return {
      kind: "up",
      options: {
        config: values.config ?? process.env.RKE_CONFIG ?? "cluster.yml",
        ignoreDockerVersion: values["ignore-docker-version"] ?? false,
        disablePortCheck: values["disable-port-check"] ?? false,
        customCerts: values["custom-certs"] ?? false,
        certDir: values["cert-dir"],
      },
    };
  } catch (error) {
    throw new Error(`the stand-in does not model: rke up: ${(error as Error).message}`);
  }
}
