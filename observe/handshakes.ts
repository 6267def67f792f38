/**
 * Lets a few hands be shaken at a time: each costs this process milliseconds of computing, and a host whose handshake waits
 * behind hundreds of others would seem not to answer. What runs after the handshake waits for nobody.
 */
export class Handshakes {
  private readonly waiting: (() => void)[] = [];
  private open = 0;

  constructor(private readonly most: number) {}

  /** @param work gets a function to call when its handshake is over; its end counts as that, too */
  async during<T>(work: (over: () => void) => Promise<T>): Promise<T> {
    if (this.open >= this.most) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.open++;
    let done = false;
    const over = () => {
      if (done) return;
      done = true;
      const next = this.waiting.shift();
      if (next) next();
      else this.open--;
    };
    try {
      return await work(over);
    } finally {
      over();
    }
  }
}
