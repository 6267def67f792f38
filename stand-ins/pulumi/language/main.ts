import { type ChildProcess, type ChildProcessByStdio, execFile, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { promisify } from "node:util";
import * as grpc from "@grpc/grpc-js";
import { LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb";
import * as pb from "@pulumi/pulumi/proto/language_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { announcement, engineAddress, serve } from "../serve/host.js";
import { launch, launchPack, type RunRequest } from "./launch.js";

const VERSION = "3.276.0";

/** The SDK's runner exits with this after it has told the user about an error itself. */
const ALREADY_TOLD = 32;

type Unary<Request, Response> = grpc.handleUnaryCall<Request, Response>;

let engine = engineAddress(process.argv) ?? "";
const programs = new Set<ChildProcess>();

function answer<Request, Response>(act: (request: Request) => Response | Promise<Response>): Unary<Request, Response> {
  return async (call, callback) => {
    try {
      callback(null, await act(call.request));
    } catch (error) {
      callback({ code: grpc.status.UNKNOWN, details: error instanceof Error ? error.message : String(error) });
    }
  };
}

function describe(request: pb.RunRequest): RunRequest {
  const info = request.getInfo();
  return {
    monitorAddress: request.getMonitorAddress(),
    engineAddress: engine,
    organization: request.getOrganization(),
    project: request.getProject(),
    stack: request.getStack(),
    rootDirectory: info?.getRootDirectory() ?? "",
    programDirectory: info?.getProgramDirectory() ?? request.getPwd(),
    entryPoint: info?.getEntryPoint() ?? ".",
    dryRun: request.getDryrun(),
    parallel: request.getParallel(),
    args: request.getArgsList(),
    config: Object.fromEntries(request.getConfigMap().toArray()),
    configSecretKeys: request.getConfigsecretkeysList(),
    options: (info?.getOptions()?.toJavaScript() ?? {}) as Record<string, unknown>,
  };
}

async function run(request: RunRequest): Promise<pb.RunResponse> {
  process.stderr.write(`${announcement("pulumi-language-nodejs", VERSION)}\n`);
  let runner: string;
  try {
    runner = createRequire(join(request.programDirectory, "package.json")).resolve("@pulumi/pulumi/cmd/run");
  } catch {
    const where = request.programDirectory;
    return new pb.RunResponse().setError(`@pulumi/pulumi is not installed for ${where}: run \`npm ci\` there`);
  }
  const { args, env } = launch(request, runner);
  const program = spawn(process.execPath, args, {
    env: { ...process.env, ...env },
    stdio: ["ignore", "inherit", "inherit"],
  });
  programs.add(program);
  try {
    const [code, signal] = await new Promise<[number | null, string | null]>((done, fail) => {
      program.on("error", fail);
      program.on("exit", (code, signal) => done([code, signal]));
    });
    if (code === 0) return new pb.RunResponse();
    if (code === ALREADY_TOLD) return new pb.RunResponse().setBail(true);
    const what = code === null ? `was ended by ${signal}` : `exited with non-zero exit code: ${code}`;
    return new pb.RunResponse().setError(`Program ${what}`);
  } finally {
    programs.delete(program);
  }
}

async function about(): Promise<pb.AboutResponse> {
  const response = new pb.AboutResponse().setExecutable(process.execPath).setVersion(process.version);
  response.getMetadataMap().set("standIn", announcement("pulumi-language-nodejs", VERSION));
  return response;
}

/**
 * Runs a policy pack by the SDK's own runner; the engine reads its port from standard output.
 * @throws Error if that isn't a pack, or if it lacks its packages
 */
function startPack(request: pb.RunPluginRequest): ChildProcessByStdio<null, Readable, Readable> {
  const kind = request.getKind();
  if (kind !== "analyzer") {
    throw new Error(`a plugin of kind "${kind}" is not run by this language host, only policy packs are`);
  }
  const folder = request.getInfo()?.getProgramDirectory() ?? request.getPwd();
  const runner = createRequire(join(folder, "package.json")).resolve("@pulumi/pulumi/cmd/run-policy-pack");
  const options = (request.getInfo()?.getOptions()?.toJavaScript() ?? {}) as Record<string, unknown>;
  const env = Object.fromEntries(request.getEnvList().map((entry) => entry.split(/=(.*)/s, 2)));
  return spawn(process.execPath, launchPack(runner, request.getArgsList(), folder, options), {
    cwd: folder,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
}

function runPlugin(call: grpc.ServerWritableStream<pb.RunPluginRequest, pb.RunPluginResponse>): void {
  const fail = (error: unknown) => {
    call.emit("error", { code: grpc.status.UNKNOWN, details: error instanceof Error ? error.message : String(error) });
  };
  try {
    const pack = startPack(call.request);
    programs.add(pack);
    call.on("cancelled", () => pack.kill("SIGINT"));
    pack.stdout.on("data", (bytes: Buffer) => call.write(new pb.RunPluginResponse().setStdout(bytes)));
    pack.stderr.on("data", (bytes: Buffer) => call.write(new pb.RunPluginResponse().setStderr(bytes)));
    pack.on("error", fail);
    pack.on("close", (code) => {
      programs.delete(pack);
      call.write(new pb.RunPluginResponse().setExitcode(code ?? 1));
      call.end();
    });
  } catch (error) {
    fail(error);
  }
}

interface Package {
  version?: string;
  dependencies?: Record<string, Package>;
}

async function dependencies(request: pb.GetProgramDependenciesRequest): Promise<pb.GetProgramDependenciesResponse> {
  const cwd = request.getInfo()?.getProgramDirectory() ?? process.cwd();
  const depth = request.getTransitivedependencies() ? ["--all"] : ["--depth=0"];
  const { stdout } = await promisify(execFile)("npm", ["ls", "--json", ...depth], { cwd, maxBuffer: 1 << 28 });
  const found = new Map<string, string>();
  const collect = (node: Package) => {
    for (const [name, child] of Object.entries(node.dependencies ?? {})) {
      if (child.version) found.set(name, child.version);
      collect(child);
    }
  };
  collect(JSON.parse(stdout));
  const list = [...found].map(([name, version]) => new pb.DependencyInfo().setName(name).setVersion(version));
  return new pb.GetProgramDependenciesResponse().setDependenciesList(list);
}

function install(call: grpc.ServerWritableStream<pb.InstallDependenciesRequest, pb.InstallDependenciesResponse>): void {
  const cwd = call.request.getInfo()?.getProgramDirectory() || call.request.getDirectory();
  const child = spawn("npm", ["install"], { cwd, stdio: ["ignore", "pipe", "pipe"] });
  child.stdout.on("data", (bytes: Buffer) => call.write(new pb.InstallDependenciesResponse().setStdout(bytes)));
  child.stderr.on("data", (bytes: Buffer) => call.write(new pb.InstallDependenciesResponse().setStderr(bytes)));
  const fail = (details: string) => call.emit("error", { code: grpc.status.UNKNOWN, details });
  child.on("error", (error) => fail(`npm install in ${cwd}: ${error.message}`));
  child.on("close", (code) => (code === 0 ? call.end() : fail(`npm install in ${cwd} exited with ${code}`)));
}

/** Program processes must not outlive the engine's wish. */
function stop(): void {
  for (const program of programs) program.kill("SIGINT");
}
process.on("exit", stop);

// The server answers a call that is not listed here with UNIMPLEMENTED.
const service: grpc.UntypedServiceImplementation = {
  handshake: answer((request: pb.LanguageHandshakeRequest) => {
    engine = request.getEngineAddress();
    return new pb.LanguageHandshakeResponse();
  }),
  getPluginInfo: answer(() => new PluginInfo().setVersion(VERSION)),
  // Plugins come from PATH, in whatever version is there.
  getRequiredPlugins: answer(() => new pb.GetRequiredPluginsResponse()),
  getRequiredPackages: answer(() => new pb.GetRequiredPackagesResponse()),
  run: answer((request: pb.RunRequest) => run(describe(request))),
  runPlugin,
  about: answer(about),
  getProgramDependencies: answer(dependencies),
  runtimeOptionsPrompts: answer(() => new pb.RuntimeOptionsResponse()),
  installDependencies: install,
  cancel: answer(() => {
    stop();
    return new Empty();
  }),
};
serve([[LanguageRuntimeService as unknown as grpc.ServiceDefinition, service]]);
