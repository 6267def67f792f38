/** The command and environment of a program's process: decided here, started elsewhere. */
export interface RunRequest {
  monitorAddress: string;
  engineAddress: string;
  organization: string;
  project: string;
  stack: string;
  rootDirectory: string;
  programDirectory: string;
  entryPoint: string;
  dryRun: boolean;
  parallel: number;
  args: string[];
  config: Record<string, string>;
  configSecretKeys: string[];
  options: Record<string, unknown>;
}

export interface Launch {
  args: string[];
  env: Record<string, string>;
}

/** Runtime options that would change how the program runs, and that this host doesn't know. */
const KNOWN_OPTIONS = new Set(["typescript", "tsconfig", "nodeargs", "packagemanager", "production"]);

/** The arguments of a policy pack's process: those of the engine, then the pack's folder. `runModule` is the SDK's own runner of packs. */
export function launchPack(
  runModule: string,
  engine: string[],
  folder: string,
  options: Record<string, unknown>,
): string[] {
  refuseUnknown(options);
  return [...words(options.nodeargs), runModule, ...engine, folder];
}

/** `runModule` is the SDK's own runner, so that type stripping, error printing and exit codes are the SDK's. */
export function launch(request: RunRequest, runModule: string): Launch {
  refuseUnknown(request.options);
  const { typescript = true, tsconfig, nodeargs } = request.options;

  const flags: [string, string][] = [
    ["monitor", request.monitorAddress],
    ["engine", request.engineAddress],
    ["organization", request.organization],
    ["project", request.project],
    ["root-directory", request.rootDirectory],
    ["stack", request.stack],
    ["pwd", request.programDirectory],
  ];
  const args = [...words(nodeargs), runModule];
  for (const [name, value] of flags) if (value !== "") args.push(`--${name}`, value);
  if (request.dryRun) args.push("--dry-run");
  args.push("--parallel", String(request.parallel), request.entryPoint, ...request.args);

  const env: Record<string, string> = {
    PULUMI_CONFIG: JSON.stringify(withLongKeys(request.config)),
    PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.configSecretKeys),
  };
  if (typescript) env.PULUMI_NODEJS_TYPESCRIPT = "true";
  if (typeof tsconfig === "string") env.PULUMI_NODEJS_TSCONFIG_PATH = tsconfig;
  return { args, env };
}

function refuseUnknown(options: Record<string, unknown>): void {
  const unknown = Object.keys(options).filter((name) => !KNOWN_OPTIONS.has(name));
  if (unknown.length > 0) throw new Error(`runtime option "${unknown[0]}" is not implemented by this language host`);
}

/** The SDK is told configuration keys as NAMESPACE:config:NAME, a form older than the engine's NAMESPACE:NAME. */
function withLongKeys(config: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => {
      const colon = key.indexOf(":");
      return [`${key.slice(0, colon)}:config:${key.slice(colon + 1).replace(/^config:/, "")}`, value];
    }),
  );
}

function words(text: unknown): string[] {
  if (text === undefined) return [];
  if (typeof text !== "string" || /["'\\]/.test(text)) {
    throw new Error("runtime option nodeargs: this language host takes plain words only, no quoting");
  }
  return text.split(/\s+/).filter((word) => word !== "");
}
