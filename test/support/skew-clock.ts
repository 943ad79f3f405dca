/**
 * Preloaded into a server (`NODE_OPTIONS=--import …`), whose clock is then wrong by WEFT_TEST_CLOCK_SKEW_MS: `Date` alone,
 * since timers count from whenever they were set.
 */
const skewMs = Number(process.env.WEFT_TEST_CLOCK_SKEW_MS);

class SkewedDate extends Date {
  constructor(...args: ConstructorParameters<typeof Date> | []) {
    if (args.length === 0) super(SkewedDate.now());
    else super(...args);
  }

  static override now(): number {
    return trueNow() + skewMs;
  }
}

const trueNow = Date.now;
globalThis.Date = SkewedDate as DateConstructor;
