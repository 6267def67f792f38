import * as pulumi from "@pulumi/pulumi";

/**
 * An error that ends the program with its message alone.
 * It has no stack: the SDK would colour it for a trace even when it isn't shown, and Node 20's util.inspect takes half a
 * minute and gigabytes for that if the stack names node_modules (pulumi#20567).
 */
export function stop(message: string): pulumi.RunError {
  const error = new pulumi.RunError(message);
  error.stack = "";
  return error;
}
