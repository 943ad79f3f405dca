import type { BenchServer } from '../support/bench-server.ts';
import { type Point, printCurve } from './curve.ts';
import { cpuWhile, runMany } from './load.ts';

/** Of all inputs of a point, at least one. */
const MIB = 16;
const KIB_A_MIB = 1_024;
const MAX_EXECUTIONS = 200;

/** What an execution costs by the size of its input, KiB, which its one node emits again and the execution's end has too. */
export async function inputsCurve(server: BenchServer, sizes: readonly number[]): Promise<void> {
  const { sql, weft } = server;
  const workflowId = await weft.createWorkflow({ nodes: [{ key: 'out', type: 'output' }] });
  await runMany(server, workflowId, { count: MAX_EXECUTIONS, lanes: 1 });
  await sql.query('CREATE TABLE bench_values (value json)');
  const points: Point[] = [];
  for (const size of sizes) {
    const input = inputOf(size);
    const count = Math.min(MAX_EXECUTIONS, Math.ceil((MIB * KIB_A_MIB) / size));
    const ran = await runMany(server, workflowId, { count, lanes: 1, input });
    const stored = await cpuWhile(server, async () => {
      for (let n = 0; n < count; n++)
        await sql.query('INSERT INTO bench_values VALUES ($1)', [JSON.stringify(input)]);
    });
    points.push({
      size,
      figures: {
        'server, ms CPU': ran.server,
        'Postgres, ms CPU': ran.postgres,
        'ms from start to end': 1_000 / ran.perSecond,
        'baseline: the input in one row, ms CPU of Postgres': stored.postgres / count,
        'times that': ran.postgres / (stored.postgres / count),
      },
    });
  }
  printCurve('An execution of one node that emits its input, one after another', 'KiB', points);
}

/** Rows of a table, as data mostly is: about so many KiB of JSON, a little less. */
function inputOf(kib: number): object[] {
  const row = { name: 'a name', note: 'x'.repeat(950) };
  return Array.from({ length: kib }, (_, n) => ({ ...row, n }));
}
