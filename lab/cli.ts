/** `npm run lab -- VERB`: one line per error, and the exit code of what was run. */
import { parseVerb, USAGE } from "./argv";
import { endWith } from "./command-end";
import { Lab } from "./lab";
import { runAttached } from "./machine/run";
import { statusText } from "./status";

async function main(argv: string[]): Promise<number> {
  const verb = parseVerb(argv);
  const lab = Lab.open();
  switch (verb.verb) {
    case "help":
      process.stdout.write(USAGE);
      return 0;
    case "up":
      await lab.up(verb);
      return 0;
    case "down":
      await lab.down();
      return 0;
    case "status": {
      const status = await lab.status();
      process.stdout.write(verb.json ? `${JSON.stringify(status, null, 2)}\n` : statusText(status));
      return 0;
    }
    case "power-off":
      await lab.powerOff(verb.target);
      return 0;
    case "power-on":
      await lab.powerOn(verb.target);
      return 0;
    case "cut-link":
      await lab.cutLink(verb.datacenter);
      return 0;
    case "heal-link":
      await lab.healLink(verb.datacenter);
      return 0;
    case "cut-operator":
      await lab.cutOperator(verb.datacenter);
      return 0;
    case "slow-link":
      await lab.slowLink(verb.milliseconds, verb.lossPercent);
      return 0;
    case "freeze":
      await lab.freeze(verb.target);
      return 0;
    case "drop":
      await lab.drop(verb.target);
      return 0;
    case "fill-disk":
      await lab.fillDisk(verb.host);
      return 0;
    case "rebuild":
      await lab.rebuild(verb.host);
      return 0;
    case "corrupt-etcd":
      await lab.corruptEtcd(verb.host);
      return 0;
    case "kill":
      await lab.kill(verb.host, verb.container);
      return 0;
    case "set-clock":
      await lab.setClock(verb.host, verb.seconds);
      return 0;
    case "heal":
      await lab.heal();
      return 0;
    case "exec":
      return runAttached(lab.hostCommand(verb.host, verb.command, { TERM: process.env.TERM ?? "dumb" }));
    case "kubectl":
      return runAttached(await lab.kubectlCommand(verb.args));
    case "rehearse": {
      const { argv, ...options } = await lab.rehearseCommand(verb.args);
      return runAttached(argv, options);
    }
    case "pulumi": {
      const { argv, ...options } = await lab.pulumiCommand(verb.args);
      return runAttached(argv, options);
    }
  }
}

endWith(main(process.argv.slice(2)));
