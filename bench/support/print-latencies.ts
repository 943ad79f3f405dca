import type { WeftClient } from '../../test/support/weft-client.ts';

const now = () => performance.timeOrigin + performance.now();
/** Date.now() is the clock that Python reads, cut to whole milliseconds: the largest difference seen is the true one. */
let clockOffset = Number.NEGATIVE_INFINITY;
for (let n = 0; n < 200_000; n++) clockOffset = Math.max(clockOffset, Date.now() - now());

/**
 * From `print` in Python to the subscriber, milliseconds; both read the same machine's clock.
 * @param subscriber the replica that is subscribed to, by default the one that starts the run
 */
export async function printLatencies(lines: number, weft: WeftClient, subscriber = weft): Promise<number[]> {
  const code = `import time\nfor _ in range(${lines}):\n    print(time.time() * 1000)\n    time.sleep(0.01)`;
  const id = await weft.runPython(code);
  const latencies: number[] = [];
  for await (const event of subscriber.events(id)) {
    if (event.__typename !== 'NodeOutput') continue;
    // Lines may come several in one event, and one in two.
    for (const [line] of event.text.matchAll(/\d{13}\.\d+/g))
      latencies.push(now() + clockOffset - Number(line));
  }
  return latencies;
}
