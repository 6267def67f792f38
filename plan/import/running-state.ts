import { systemImagesOf } from "../installers/rke/images";
import { at } from "../installers/rke/modelled-keys";
import { isMapping, mapping } from "../values/mapping";

/** RKE's record of the cluster from its last run, as far as cluster.yml doesn't say it. */
export interface RunningState {
  kubernetesVersion: string | undefined;
  /** By the keys of `system_images`; undefined if one that this program needs is missing. */
  images: Record<string, string> | undefined;
}

/**
 * cluster.rkestate, or the object of the cluster that holds it: `full-cluster-state` of kube-system, a ConfigMap until RKE v1.4.18 and
 * v1.5.9, a Secret from v1.4.19, v1.5.10 and v1.6 on, as `kubectl get -o json` or `-o yaml` prints it.
 *
 * @param value the parsed file. It holds every private key: nothing of it is repeated, in errors neither
 * @throws Error with the reason
 */
export function runningState(value: unknown): RunningState {
  const state = stateIn(value);
  const config = at(state, "currentState.rkeConfig");
  if (!isMapping(config)) {
    throw new Error("is not a cluster.rkestate of a cluster that `rke up` has built: it lacks currentState");
  }
  const version = config.kubernetesVersion;
  return {
    kubernetesVersion: typeof version === "string" && version !== "" ? version : undefined,
    images: systemImagesOf({ currentState: at(state, "currentState") }),
  };
}

function stateIn(value: unknown): unknown {
  const { kind, data } = mapping(value);
  if (kind !== "Secret" && kind !== "ConfigMap") {
    return value;
  }
  const held = mapping(data)["full-cluster-state"];
  if (typeof held !== "string") {
    throw new Error(`is a ${kind} without the key full-cluster-state`);
  }
  try {
    return JSON.parse(kind === "Secret" ? Buffer.from(held, "base64").toString("utf8") : held);
  } catch {
    throw new Error(`is a ${kind} whose full-cluster-state is not JSON`);
  }
}
