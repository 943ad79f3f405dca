import { createDatabase } from '../support/test-postgres.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft } from '../support/weft-server.ts';

test('a worker with one place runs executions one after the other, in the order in which they were started', async () => {
  await using database = await createDatabase();
  await using server = await startWeft({
    databaseUrl: database.url,
    env: { WEFT_WORKER_CONCURRENCY: '1' },
  });
  await using weft = new WeftClient(server.url);
  const ids: string[] = [];
  for (let n = 0; n < 8; n += 1) {
    // Every other one right after the end of the one before, when the place is free and others wait for it.
    if (n % 2 === 1) await weft.allEvents(ids[n >> 1]!);
    ids.push(await weft.runPython('result = sum(range(100_000))'));
  }

  const journals = await Promise.all(ids.map((id) => weft.allEvents(id)));

  const spans = journals.map((events) => ({
    from: Date.parse(events.find(({ __typename }) => __typename === 'ExecutionStarted')!.occurredAt),
    to: Date.parse(events.at(-1)!.occurredAt),
  }));
  for (const [n, { from }] of spans.entries()) {
    if (n > 0) expect(from).toBeGreaterThanOrEqual(spans[n - 1]!.to);
  }
});
