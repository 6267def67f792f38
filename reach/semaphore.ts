/** So much at a time; the rest waits in the order in which it came. */
export class Semaphore {
  private readonly waiting: (() => void)[] = [];

  constructor(private free: number) {}

  /** @param work gets a function that gives its place to the next one before its end, which does so, too */
  async take<T>(work: (leave: () => void) => Promise<T>): Promise<T> {
    if (this.free === 0) await new Promise<void>((go) => this.waiting.push(go));
    else this.free--;
    let left = false;
    const leave = () => {
      if (left) return;
      left = true;
      const next = this.waiting.shift();
      if (next) next();
      else this.free++;
    };
    try {
      return await work(leave);
    } finally {
      leave();
    }
  }
}
