import * as pulumi from "@pulumi/pulumi";
import type { EndpointMove } from "../plan/acts/steps/endpoint";
import { runHere } from "../reach/operator-command";

/** Seconds after which the command is ended and counts as failed. */
const limit = 60;

/**
 * Makes controlPlaneEndpoint lead to another host by the topology's own command. If that fails, only a warning says so: the steps that ask the API by
 * the name then fail, and the cluster serves without it.
 */
export async function moveEndpoint({ command, env }: EndpointMove): Promise<void> {
  const { exit } = await runHere(`endpoint to ${env.RKE_DR_TO}`, command, limit, env);
  if (exit !== 0) {
    void pulumi.log.warn(`endpoint: \`${command}\` must succeed: it ended with ${exit}`);
  }
}
