/** An act that didn't end well. The message is what the program said. */
export class ActError extends Error {
  constructor(
    message: string,
    /** True if nothing that serves was changed. */
    readonly refused: boolean,
    /** True if `cancel` ended it. */
    readonly cancelled: boolean,
  ) {
    super(message);
    this.name = "ActError";
  }
}
