import type { Client, ClientChannel } from "ssh2";

export interface Variable {
  name: string;
  value: string;
  /** A refusal ends the attempt; otherwise it is only told. */
  required: boolean;
}

/** The part of ssh2 1.17 beyond its public interface that is used here: it sends `env` requests without asking whether they hold. */
interface Internals {
  _protocol: {
    env(channel: number, name: string, value: string, wantReply: boolean): void;
    exec(channel: number, command: string, wantReply: boolean): void;
  };
  _chanMgr: {
    _channels: Record<number, { outgoing: { id: number }; _callbacks: ((failed: boolean) => void)[] } | undefined>;
  };
}

/**
 * Runs `command` once the server has answered for each variable. Servers accept only what their AcceptEnv lists; `refused`
 * is called for each of the others, and its error ends the attempt before anything has run.
 */
export function execWithVariables(
  client: Client,
  command: string,
  variables: Variable[],
  refused: (variable: Variable) => Error | undefined,
): Promise<ClientChannel> {
  if (variables.length === 0) return exec(client, command, {});
  const { _protocol: protocol, _chanMgr: channels } = client as unknown as Internals;
  const original = { env: protocol.env, exec: protocol.exec };
  return new Promise((done, fail) => {
    const queue = [...variables];
    let open = variables.length;
    let fatal: Error | undefined;
    let start = () => {};
    protocol.env = (id, name, value) => {
      const channel = Object.values(channels._channels).find((candidate) => candidate?.outgoing.id === id);
      channel?._callbacks.push((failed) => {
        const variable = queue.shift();
        if (failed && variable) fatal ??= refused(variable);
        open -= 1;
        if (open > 0) return;
        if (fatal) fail(fatal);
        else start();
      });
      original.env.call(protocol, id, name, value, true);
    };
    // The answer to this request is queued behind those above, as ssh2 queues it when it calls this.
    protocol.exec = (id, text, wantReply) => {
      start = () => original.exec.call(protocol, id, text, wantReply);
    };
    const env = Object.fromEntries(variables.map(({ name, value }) => [name, value]));
    exec(client, command, env).then(done, fail);
  }).finally(() => Object.assign(protocol, original)) as Promise<ClientChannel>;
}

function exec(client: Client, command: string, env: NodeJS.ProcessEnv): Promise<ClientChannel> {
  return new Promise((done, fail) => {
    client.exec(command, { env }, (error, channel) => (error ? fail(error) : done(channel)));
  });
}
