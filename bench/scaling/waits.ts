import type { BenchServer } from '../support/bench-server.ts';
import { type Point, printCurve } from './curve.ts';
import { cpuWhile, runMany } from './load.ts';

const LANES = 10;
const BASELINE = 200;
/** Of a workflow. */
const MAX_NODES = 1_000;

/**
 * Executions that wait again and again, as a worker parks them at each wait and another may go on: runs of `repeat`, items
 * of a list that are sub-workflows, and approvals of one workflow that are decided one after another.
 */
export async function waitsCurve(server: BenchServer, sizes: readonly number[]): Promise<void> {
  const { weft } = server;
  const child = await weft.createWorkflow({ nodes: [{ key: 'out', type: 'output' }] });
  await runMany(server, child, { count: BASELINE, lanes: LANES });
  const alone = await runMany(server, child, { count: BASELINE, lanes: LANES });

  for (const [what, run] of Object.entries({ repeat, list, approvals })) {
    const points: Point[] = [];
    for (const size of sizes) {
      if (run === approvals && size > MAX_NODES) continue;
      const startedAt = performance.now();
      const { server: serverMs, postgres: postgresMs } = await cpuWhile(server, () => run(size));
      points.push({
        size,
        figures: {
          'server, ms CPU each': serverMs / size,
          'Postgres, ms CPU each': postgresMs / size,
          'ms each': (performance.now() - startedAt) / size,
          'baseline: an execution alone, ms CPU': alone.server + alone.postgres,
        },
      });
    }
    printCurve(TITLES[what]!, 'waits', points);
  }

  async function repeat(count: number): Promise<void> {
    const config = { workflow: child, until: `count = ${count}`, maxRuns: count };
    await succeed(await weft.run([{ key: 'again', type: 'repeat', config }]));
  }

  async function list(count: number): Promise<void> {
    const nodes = [
      {
        key: 'each',
        type: 'subworkflow',
        config: { workflow: child },
        forEach: { items: 'input', concurrency: LANES },
      },
    ];
    await succeed(
      await weft.run(
        nodes,
        [],
        Array.from({ length: count }, (_, n) => n),
      ),
    );
  }

  async function approvals(count: number): Promise<void> {
    const nodes = Array.from({ length: count }, (_, n) => ({
      key: `n${n}`,
      type: 'approval',
      config: { title: 'Go on?' },
    }));
    const id = await weft.run(nodes);
    await weft.event(id, ({ __typename }) => __typename === 'ExecutionWaiting');
    const { rows } = await server.sql.query('SELECT id FROM approvals WHERE execution_id = $1', [id]);
    for (const approval of rows) await weft.query(RESOLVE, { id: approval.id });
    await succeed(id);
  }

  async function succeed(id: string): Promise<void> {
    const { __typename } = await weft.event(id, ({ __typename: type }) =>
      /^Execution(Succeeded|Failed|Canceled)$/.test(type),
    );
    if (__typename !== 'ExecutionSucceeded') throw new Error(`Expected ${id} to succeed: ${__typename}`);
  }
}

const RESOLVE = `mutation ($id: ID!) {
  approvalResolve(input: { id: $id, decision: APPROVE }) { userErrors { code message } }
}`;

const TITLES: Record<string, string> = {
  repeat: '`repeat`: one execution waits for so many runs, one after another',
  list: `A list of so many sub-workflows, ${LANES} at a time`,
  approvals: 'So many approvals in one execution, decided one after another',
};
