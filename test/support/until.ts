import { setImmediate } from 'node:timers/promises';

/** Waits, turn by turn of the event loop, for a condition that has no event. Fails after thirty seconds. */
export async function until(condition: () => boolean): Promise<void> {
  const giveUpAt = Date.now() + 30_000;
  while (!condition()) {
    if (Date.now() > giveUpAt) throw new Error(`Expected within 30 s: ${condition}`);
    await setImmediate();
  }
}
