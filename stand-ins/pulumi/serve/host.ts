import * as grpc from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb";
import type { Severity } from "./provider.js";

const UNLIMITED = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };

const SEVERITIES: Record<Severity, LogSeverity> = {
  debug: LogSeverity.DEBUG,
  info: LogSeverity.INFO,
  warning: LogSeverity.WARNING,
  error: LogSeverity.ERROR,
};

/** The engine as a plugin sees it: a place for messages. They arrive in the order in which they were logged. */
export class Engine {
  private client: EngineClient | undefined;
  private last: Promise<void> = Promise.resolve();

  constructor(address: string | undefined) {
    this.connect(address);
  }

  connect(address: string | undefined): void {
    if (address) this.client = new EngineClient(address, grpc.credentials.createInsecure(), UNLIMITED);
  }

  log(severity: Severity, message: string, urn = "", ephemeral = false): void {
    const { client } = this;
    if (!client) return;
    const request = new LogRequest();
    request.setSeverity(SEVERITIES[severity]);
    request.setMessage(message);
    request.setUrn(urn);
    request.setEphemeral(ephemeral);
    this.last = this.last.then(() => new Promise((done) => client.log(request, () => done())));
  }

  /** Resolves when all that was logged so far has arrived, so that it is told before the operation's result. */
  flushed(): Promise<void> {
    return this.last;
  }
}

/** Serves on a free loopback port and tells it on standard output, which is how the engine finds a plugin. */
export function serve(services: [grpc.ServiceDefinition, grpc.UntypedServiceImplementation][]): void {
  const server = new grpc.Server(UNLIMITED);
  for (const [definition, implementation] of services) server.addService(definition, implementation);
  server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error;
    process.stdout.write(`${port}\n`);
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(0));
  exitWithParent();
}

/** An engine that was killed tells its plugins nothing: they would stay forever. */
function exitWithParent(): void {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) process.exit(0);
  }, 1000).unref();
}

/** The engine's address: the one argument that is not a flag. */
export function engineAddress(argv: string[]): string | undefined {
  return argv.slice(2).find((argument) => !argument.startsWith("-"));
}

export function announcement(executable: string, version: string): string {
  return `stand-in: ${executable} ${version} (stand-ins/pulumi): official plugin not present`;
}
