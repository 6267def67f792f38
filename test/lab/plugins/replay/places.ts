import { availableParallelism } from "node:os";

/** So many at a time; the others wait in the order in which they came. */
export class Places {
  private readonly waiting: (() => void)[] = [];

  constructor(private free: number) {}

  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.free === 0) await new Promise<void>((go) => this.waiting.push(go));
    else this.free--;
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.free++;
    }
  }
}

/** With all suites' engines at once the records' own limits (a dial's 2 s) would end by the load of the machine. */
export const engines = new Places(2 * availableParallelism());
