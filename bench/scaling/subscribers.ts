import { RawWs } from '../../test/support/raw-ws.ts';
import type { BenchServer } from '../support/bench-server.ts';
import { type Point, printCurve } from './curve.ts';
import { commits, cpuWhile, runMany } from './load.ts';

const AT_ONCE = 50;
const MEASURED = 200;
const LANES = 8;
/** Executions that others are subscribed to while these run. */
const FOLLOWED = 100;

/**
 * What an execution costs while so many clients follow others that do nothing, and what an event costs that so many
 * clients of one execution get.
 */
export async function subscribersCurve(server: BenchServer, sizes: readonly number[]): Promise<void> {
  const { weft } = server;
  const output = await weft.createWorkflow({ nodes: [{ key: 'out', type: 'output', config: { value: 1 } }] });
  const approval = await weft.createWorkflow({
    nodes: [{ key: 'ask', type: 'approval', config: { title: 'Go on?' } }],
  });
  const waiting = await Promise.all(Array.from({ length: FOLLOWED }, () => weft.start(approval)));
  await runMany(server, output, { count: MEASURED, lanes: LANES });

  const points: Point[] = [];
  for (const size of sizes) {
    const commit = await commits(server);
    const idle = await subscribe(size, (n) => waiting[n % waiting.length]!);
    const ran = await runMany(server, output, { count: MEASURED, lanes: LANES });
    end(idle);
    const shared = await weft.start(approval);
    const followers = await subscribe(size, () => shared);
    const cpu = await cpuWhile(server, () =>
      Promise.all([weft.cancel(shared), ...followers.map(untilComplete)]),
    );
    end(followers);
    points.push({
      size,
      figures: {
        'executions/s': ran.perSecond,
        'start to end, p99 ms': ran.p99Ms,
        'server, ms CPU an execution': ran.server,
        'Postgres, ms CPU an execution': ran.postgres,
        'an end told to each, ms CPU': (cpu.server + cpu.postgres) / size,
        'baseline: a commit, ms': commit.wallMs,
        'the same, ms CPU of Postgres': commit.cpuMs,
      },
    });
  }
  printCurve(
    `One output node, ${LANES} at a time, while so many clients follow ${FOLLOWED} others that wait; and one execution that so many follow`,
    'subscribers',
    points,
  );

  async function subscribe(count: number, executionAt: (n: number) => string): Promise<RawWs[]> {
    const clients: RawWs[] = [];
    const port = Number(new URL(weft.url).port);
    const lane = async () => {
      while (clients.length < count) {
        const client = new RawWs(port);
        const n = clients.push(client);
        await client.init();
        client.subscribe(
          `subscription { executionEvents(executionId: "${executionAt(n)}") { endCursor events { __typename sequence } } }`,
        );
        await client.next();
      }
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, lane));
    return clients;
  }
}

async function untilComplete(client: RawWs): Promise<void> {
  while ((await client.next()).type !== 'complete');
}

function end(clients: readonly RawWs[]): void {
  for (const { socket } of clients) socket.terminate();
}
