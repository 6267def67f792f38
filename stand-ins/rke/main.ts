/** The stand-in for RKE, where the lab has no real one. */
import { writeSync } from "node:fs";
import { parseCommand } from "./arguments";
import { RkePanic } from "./certificates/custom";
import { realWorld } from "./io/real-world";
import { makeLog } from "./log";
import { rkeVersion, standFor } from "./releases";
import { up } from "./up";

const named = (version: string) =>
  `stand-in: RKE ${version} (stand-ins/rke): decides and acts as the real one on clusters without addons; name the real one in LAB_RKE`;

/** At once, so that the lines before an abrupt end are not lost. */
function print(line: string): void {
  writeSync(1, `${line}\n`);
}

async function main(): Promise<number> {
  const log = makeLog(print);
  try {
    standFor(process.env.RKE_STAND_IN_RELEASE || undefined);
  } catch (error) {
    log.fatal((error as Error).message);
    return 1;
  }
  print(named(rkeVersion()));
  const world = realWorld();
  try {
    const command = parseCommand(process.argv.slice(2));
    if (command.kind === "version") print(`rke version ${rkeVersion()}`);
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
