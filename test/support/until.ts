import { setImmediate } from 'node:timers/promises';

/** Waits, turn by turn of the event loop, for a condition that no event tells of. Fails after five seconds. */
export async function until(condition: () => boolean): Promise<void> {
  const giveUpAt = Date.now() + 5_000;
  while (!condition()) {
    if (Date.now() > giveUpAt) throw new Error(`Expected within 5 s: ${condition}`);
    await setImmediate();
  }
}
