/**
 * Claim: who is subscribed on one replica sees what runs on another within 50 ms (p99) of its commit. Measured from
 * `print`, which comes before the commit, while 0 and then 8 other executions print on that replica too.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from '../test/support/sql.ts';
import { WeftClient } from '../test/support/weft-client.ts';
import { startWeft } from '../test/support/weft-server.ts';
import { openBenchServer } from './support/bench-server.ts';
import { printTimes, timesOf } from './support/measure.ts';
import { printLatencies } from './support/print-latencies.ts';

const LINES = 500;
const OTHERS = 8;

await using stack = new AsyncDisposableStack();
const { weft, sql, databaseUrl } = await openBenchServer(stack);
const elsewhere = stack.use(await startWeft({ databaseUrl, env: { WEFT_ROLES: 'api' } }));
const subscriber = stack.use(new WeftClient(elsewhere.url));

const listener = stack.use(await connect(databaseUrl));
await listener.query('LISTEN bench');
const notifyRoundTrip = async () => {
  const heard = new Promise((resolve) => listener.once('notification', resolve));
  await sql.query(`SELECT pg_notify('bench', '1')`);
  await heard;
};

await printLatencies(LINES, weft, subscriber);
const baseline = await timesOf(LINES, notifyRoundTrip);
const here = await printLatencies(LINES, weft);
const there = await printLatencies(LINES, weft, subscriber);
const [busy] = await Promise.all([
  delay(500).then(() => printLatencies(LINES, weft, subscriber)),
  ...Array.from({ length: OTHERS }, () => printLatencies(LINES * 2, weft)),
]);
printTimes(
  `print() to subscriber, ${LINES} lines 10 ms apart`,
  {
    'baseline: NOTIFY to LISTEN, sent and heard': baseline,
    'subscribed on the replica that runs it': here,
    'subscribed on another replica': there,
    [`subscribed on another, ${OTHERS} more such runs beside it`]: busy,
  },
  'at most 50 ms p99 on another replica',
);
