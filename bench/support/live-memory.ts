/** What the server needs to run with so that `liveMb` can ask it. */
export const INSPECTED = { NODE_OPTIONS: '--inspect=127.0.0.1:0' };

/**
 * What a process holds after a collection, MB: its resident memory says as much about what V8 has not returned yet.
 *
 * @param stderr what the process has printed, with the address of its inspector
 */
export async function liveMb(stderr: string): Promise<number> {
  const address = /Debugger listening on (ws:\S+)/.exec(stderr)![1]!;
  const socket = new WebSocket(address);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  const ask = (id: number, method: string) =>
    new Promise<{ usedSize: number; embedderHeapUsedSize?: number; backingStorageSize?: number }>(
      (resolve) => {
        socket.addEventListener('message', ({ data }) => {
          const answer = JSON.parse(data as string);
          if (answer.id === id) resolve(answer.result);
        });
        socket.send(JSON.stringify({ id, method }));
      },
    );
  await ask(1, 'HeapProfiler.collectGarbage');
  const { usedSize, embedderHeapUsedSize = 0, backingStorageSize = 0 } = await ask(2, 'Runtime.getHeapUsage');
  socket.close();
  return (usedSize + embedderHeapUsedSize + backingStorageSize) / 1e6;
}
