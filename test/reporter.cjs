const { reporters, Runner } = require("mocha");

/** How many of the slowest are told. */
const slowest = 10;

/** The usual output, then what took longest, hooks too, and as the last line the count in a form that any CI reads. */
class Counting extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const { EVENT_HOOK_END, EVENT_TEST_END, EVENT_RUN_END } = Runner.constants;
    const took = [];
    for (const event of [EVENT_HOOK_END, EVENT_TEST_END])
      runner.on(event, (done) => {
        if (done.duration >= 1000) took.push([done.duration, done.titlePath().join(": ")]);
      });
    runner.once(EVENT_RUN_END, () => {
      const { passes, failures, pending } = runner.stats;
      took.sort(([a], [b]) => b - a);
      const lines = took.slice(0, slowest).map(([ms, title]) => `${(ms / 1000).toFixed(1).padStart(8)} s  ${title}`);
      setImmediate(() => {
        if (lines.length > 0) console.log(`what took longest:\n${lines.join("\n")}`);
        console.log(`${passes} passed, ${failures} failed, ${pending} skipped`);
      });
    });
  }
}

module.exports = Counting;
