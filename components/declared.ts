import * as pulumi from "@pulumi/pulumi";
import { type Declared as Declaration, declaredType, type ReportedByHosts } from "../plan/review/declared";

/** Keeps in the stack's state what the policy pack judges (docs/policy.md). It makes nothing on any host. */
export class Declared extends pulumi.ComponentResource {
  constructor(declaration: Declaration, reported: ReportedByHosts, opts?: pulumi.ComponentResourceOptions) {
    super(declaredType, "declared", { ...declaration }, opts);
    this.registerOutputs({ ...declaration, ...reported });
  }
}
