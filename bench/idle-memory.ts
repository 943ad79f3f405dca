/** What an idle server holds with its processes and its own Postgres: PSS, so that shared pages count once. */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { descendantsOf, startWeft } from '../test/support/weft-server.ts';
import { round } from './support/measure.ts';

/** After what comes with the start, and the collection that follows it (server/shared/collect-after-start.ts). */
const SETTLED_MS = 45_000;

await using server = await startWeft();
await delay(SETTLED_MS);
const bare = pssMb(process.pid);
const rows = new Map<string, { processes: number; MB: number }>();
for (const { pid, name } of [{ pid: server.pid, name: 'server' }, ...(await descendantsOf(server.pid))]) {
  const kind = kindOf(name);
  const { processes, MB } = rows.get(kind) ?? { processes: 0, MB: 0 };
  rows.set(kind, { processes: processes + 1, MB: MB + pssMb(pid) });
}
const total = [...rows.values()].reduce((sum, { MB }) => sum + MB, 0);
console.log('\nAn idle server with its own Postgres');
console.table(
  [...rows]
    .sort(([, a], [, b]) => b.MB - a.MB)
    .map(([what, { processes, MB }]) => ({ what, processes, MB: round(MB), 'of all': round(MB / total) })),
);
console.log(
  `In all ${round(total)} MB. Promise: ≤ 180 MB. Baseline: this bench, a Node alone, ${round(bare)} MB.`,
);

function kindOf(name: string): string {
  if (name === 'server') return 'the server';
  if (/postgres/.test(name)) return 'Postgres';
  if (/python/.test(name)) return 'fork-server and waiting cells';
  return 'others';
}

/** Megabytes; 0 for a process that has ended. */
function pssMb(pid: number): number {
  try {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    return Number(/^Pss:\s+(\d+)/m.exec(rollup)![1]) / 1_024;
  } catch {
    return 0;
  }
}
