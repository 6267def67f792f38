/** At most `free` tasks at once; the rest wait, first in first out. */
export class Semaphore {
  private readonly waiting: (() => void)[] = [];

  constructor(private free: number) {}

  /** @param work may call its argument to admit the next task before it ends; its end does so otherwise */
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
