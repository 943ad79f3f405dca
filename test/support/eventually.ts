import { setTimeout as delay } from 'node:timers/promises';

/** Waits for something outside this process that sends no event, such as the end of a process that is not our child. */
export async function eventually(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  timeoutMs = 60_000,
): Promise<void> {
  for (const start = performance.now(); !(await isSo()); await delay(20)) {
    if (performance.now() - start > timeoutMs) throw new Error(`Expected within ${timeoutMs} ms: ${what}`);
  }
}
