import { remote, types } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { onHostInput, stepScript, usual } from "../on-host";
import type { StepResult } from "../plan/facts/step-records";
import { recordOf } from "../plan/facts/step-records";
import type { Dialect } from "../plan/installers/dialect";
import type { ScheduledStep } from "../plan/steps/steps";
import { type Host, sshLogin } from "../plan/topology/topology";
import { bashLine, remoteBash, shellLine } from "../reach/command-line";
import type { SshAccess } from "../reach/ssh-access";

/** Settings that all steps of one deployment share. */
export interface ActContext {
  epoch: number;
  /** The act's name, without spaces, such as "failover-a"; a host refuses another act of the same epoch. */
  act: string;
  /** The cluster's name: a host that belongs to another refuses. */
  cluster: string;
  ssh: SshAccess;
  /** The dialect of a host's scripts. */
  dialect: (host: Host) => Dialect;
}

/** A group of steps of one concept: EtcdMember, KubeApiServer, RkeCluster, ... */
export class Part extends pulumi.ComponentResource {
  constructor(name: string, opts?: pulumi.ComponentResourceOptions) {
    super(`rke-dr:parts:${name}`, name, {}, opts);
    this.registerOutputs({});
  }
}

/**
 * Makes a resource for each step, in its part's component.
 *
 * @param data a step's input on stdin, by step name, if it isn't known before deployment, or follows from steps before it;
 *   else `step.data` is its input
 * @param until resources that a step waits for besides the steps before it; if one fails, the step isn't done
 * @returns the resources by step name
 */
export function runSteps(
  steps: ScheduledStep[],
  context: ActContext,
  data: Record<string, pulumi.Input<string> | ((before: Record<string, remote.Command>) => pulumi.Input<string>)> = {},
  dependsOn: pulumi.Resource[] = [],
  until: (step: ScheduledStep) => Promise<void> | undefined = () => undefined,
): Record<string, remote.Command> {
  const parts = new Map<string, Part>();
  const made: Record<string, remote.Command> = {};
  for (const step of steps) {
    const parent = parts.get(step.part) ?? new Part(step.part);
    parts.set(step.part, parent);
    const given = data[step.name] ?? step.data;
    const first = step.after.filter((name) => !step.beside?.includes(name));
    const before = [...dependsOn, ...first.map((name) => made[name]).filter((r) => r !== undefined)];
    const ready: pulumi.Input<pulumi.Input<pulumi.Resource>[]> = until(step)?.then(() => before) ?? before;
    made[step.name] = makeStep(step, context, typeof given === "function" ? given(made) : given, {
      parent,
      dependsOn: ready,
    });
  }
  return made;
}

/** A dead host costs 3 x 5 s here, and about three minutes by default. */
const dialling = { dialErrorLimit: 2, perDialTimeout: 5 };

/** Without a key the provider asks the agent of SSH_AUTH_SOCK: its path, which changes, must not be a resource's input. */
const key = ({ privateKey }: SshAccess): { privateKey?: pulumi.Output<string> } =>
  privateKey === undefined ? {} : { privateKey: pulumi.secret(privateKey) };

function proxy({ bastion, ...access }: SshAccess): { proxy?: types.input.remote.ProxyConnectionArgs } {
  if (!bastion) {
    return {};
  }
  const { hostKey, ...where } = bastion;
  const pin = hostKey === "unpinned" ? {} : { hostKey };
  return { proxy: { ...where, ...key(access), ...pin, ...dialling } };
}

function makeStep(
  step: ScheduledStep,
  context: ActContext,
  data: pulumi.Input<string>,
  opts: pulumi.CustomResourceOptions,
): remote.Command {
  const login = sshLogin(context.ssh, step.host);
  const args = [step.script, context.epoch, step.generation, context.act, context.cluster, ...step.arguments];
  const input = (text: string) => stepText({ ...step, data: text }, context.dialect(step.host));
  return new remote.Command(
    step.name,
    {
      connection: {
        host: step.host.address,
        ...login,
        ...key(context.ssh),
        ...(step.host.hostKey === "unpinned" ? {} : { hostKey: step.host.hostKey }),
        ...dialling,
        ...proxy(context.ssh),
      },
      create: remoteBash(login.user, args, { seconds: step.limit, killAfter: 10 }),
      stdin: typeof data === "string" ? input(data) : pulumi.output(data).apply(input),
      logging: types.enums.remote.Logging.Stderr,
      // it would come by environment variables, which sshd refuses by default, with a warning for each
      addPreviousOutputInEnv: false,
      triggers: [step.generation],
    },
    // a step has no `delete`, and removing one from the program must not stop anything either
    // its script is hundreds of lines; preview's own words say what it does
    { ...opts, retainOnDelete: true, hideDiffs: ["stdin"] },
  );
}

/**
 * The stdin of a step's bash: its script, and behind it its data. If the script does steps on other hosts, its data are these
 * steps' scripts and data, in the form that `on-host/steps/workers.sh` reads. Command lines for other hosts come first.
 */
export function stepText(
  { script, data, onEach, onwardUsers = [] }: Pick<ScheduledStep, "script" | "data" | "onEach" | "onwardUsers">,
  dialect: Dialect = usual,
): string {
  const shells = ["rke-up", "rke-nodes", "snapshot-bring"].includes(script) ? shellLines(onwardUsers) : [];
  if (onEach === undefined) {
    return onHostInput(stepScript(script, dialect), [...shells, data].join("\n"));
  }
  const each = onEach.map((s) => `@@ step ${s.script} ${s.limit}\n${stepText(s, dialect).trimEnd()}`);
  const lines = onEach.flatMap(({ script: name, limit: seconds }) =>
    onwardUsers.map((user) => `@@ line ${name} ${user} ${bashLine(user, { seconds, killAfter: 10 })}`),
  );
  return onHostInput(stepScript(script, dialect), [...shells, ...lines, ...each].join("\n"));
}

/** By user that isn't root, what makes a command there root's: `on-host/installers/rke/lib/brought.sh` reads these lines. */
const shellLines = (users: string[]): string[] =>
  users.filter((user) => shellLine(user) !== "").map((user) => `@@ line ${user} ${shellLine(user)}`);

/** The record that a step printed at its end; undefined if it can't be read. */
export function resultOf({ host }: ScheduledStep, command: remote.Command): pulumi.Output<StepResult | undefined> {
  return command.stdout.apply((text) => {
    try {
      return recordOf<StepResult>(host.name, text);
    } catch {
      return undefined;
    }
  });
}
