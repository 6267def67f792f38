import type { Checked, Failure } from "../serve/provider.js";
import { isMap, isSecret, reveal, secret, UNKNOWN, type ValueMap } from "../serve/wire.js";

/** How to reach a host, with every default filled in. */
export interface Endpoint {
  host: string;
  port: number;
  user: string;
  password?: string;
  privateKey?: string;
  privateKeyPassword?: string;
  agentSocketPath?: string;
  hostKey?: string;
  /** Failed dials that are followed by another one; -1: no limit. */
  dialErrorLimit: number;
  /** Seconds that one TCP connect may take; 0: no limit. */
  perDialTimeout: number;
}

export interface Connection extends Endpoint {
  proxy?: Endpoint;
}

const DEFAULTS: ValueMap = { user: "root", port: 22, dialErrorLimit: 10, perDialTimeout: 15 };
const SECRETS = ["password", "privateKey", "privateKeyPassword"];
const KEYS = new Set([...Object.keys(DEFAULTS), ...SECRETS, "host", "agentSocketPath", "hostKey"]);

/** Fills in defaults and marks secrets, the connection as a whole being one. */
export function checkConnection(inputs: ValueMap): Checked {
  const failures: Failure[] = [];
  let connection = inputs.connection;
  while (isSecret(connection)) connection = connection.value;
  if (connection === UNKNOWN) return { inputs };
  if (!isMap(connection)) return { inputs, failures: [{ property: "connection", reason: "missing required value" }] };
  const checked = checkEndpoint(connection, "connection", ["proxy"], failures);
  const { proxy } = connection;
  if (proxy !== undefined && proxy !== UNKNOWN) {
    const plain = isSecret(proxy) ? proxy.value : proxy;
    if (isMap(plain)) checked.proxy = checkEndpoint(plain, "connection.proxy", [], failures);
  }
  return { inputs: { ...inputs, connection: secret(checked) }, failures };
}

function checkEndpoint(endpoint: ValueMap, path: string, also: string[], failures: Failure[]): ValueMap {
  for (const key of Object.keys(endpoint)) {
    if (!KEYS.has(key) && !also.includes(key)) failures.push({ property: `${path}.${key}`, reason: "not a property" });
  }
  if (endpoint.host === undefined) failures.push({ property: `${path}.host`, reason: "missing required value" });
  const checked: ValueMap = { ...DEFAULTS, ...endpoint };
  for (const key of SECRETS) {
    const value = checked[key];
    if (value !== undefined) checked[key] = secret(value);
  }
  return checked;
}

export function connectionOf(properties: ValueMap): Connection {
  const connection = reveal(properties.connection);
  if (!isMap(connection)) throw new Error("connection: missing from the resource's state");
  const { proxy } = connection;
  return {
    ...DEFAULTS,
    ...connection,
    ...(isMap(proxy) ? { proxy: { ...DEFAULTS, ...proxy } } : {}),
  } as unknown as Connection;
}
