/** The stand-in for RKE v1.2.7, where the lab has no real one. */
import { writeSync } from "node:fs";
import { parseCommand } from "./arguments";
import { RkePanic } from "./certificates/custom";
import { realWorld } from "./io/real-world";
import { makeLog } from "./log";
import { RKE_VERSION } from "./release";
import { up } from "./up";

const NAMED =
  "stand-in: RKE v1.2.7 (stand-ins/rke): decides and acts as the real one on clusters without addons; name the real one in LAB_RKE";

/** At once, so that the lines before an abrupt end are not lost. */
function print(line: string): void {
  writeSync(1, `${line}\n`);
}

async function main(): Promise<number> {
  print(NAMED);
  const log = makeLog(print);
  const world = realWorld();
  try {
    const command = parseCommand(process.argv.slice(2));
    if (command.kind === "version") print(`rke version ${RKE_VERSION}`);
    else await up(world, log, command.options);
    return 0;
  } catch (error) {
    if (error instanceof RkePanic) {
      print(`panic: ${error.message}`);
      return 2;
    }
    log.fatal((error as Error).message);
    return 1;
  } finally {
    world.close();
  }
}

main().then((code) => process.exit(code));
