import { type BenchServer, commitOnce } from '../support/bench-server.ts';
import { percentile } from '../support/measure.ts';
import { cpuOfTree } from '../support/process-tree.ts';

export interface Cpu {
  /** Milliseconds. */
  server: number;
  postgres: number;
}

/** The CPU time that the server with its processes and Postgres take while `work` is done. */
export async function cpuWhile({ pid, postmaster }: BenchServer, work: () => Promise<unknown>): Promise<Cpu> {
  const now = () => ({ server: cpuOfTree(pid), postgres: cpuOfTree(postmaster) });
  const before = now();
  await work();
  const after = now();
  return {
    server: (after.server - before.server) * 1_000,
    postgres: (after.postgres - before.postgres) * 1_000,
  };
}

/** Executions of one workflow, so many at a time, each followed to its end by a subscriber. */
export async function runMany(
  server: BenchServer,
  workflowId: string,
  { count, lanes, input = null }: { count: number; lanes: number; input?: unknown },
): Promise<Cpu & { perSecond: number; p99Ms: number }> {
  const { weft } = server;
  const times: number[] = [];
  let left = count;
  const lane = async () => {
    while (left-- > 0) {
      const startedAt = performance.now();
      for await (const { __typename } of weft.events(await weft.start(workflowId, input)))
        if (__typename === 'ExecutionFailed') throw new Error('The execution failed');
      times.push(performance.now() - startedAt);
    }
  };
  const startedAt = performance.now();
  const cpu = await cpuWhile(server, () => Promise.all(Array.from({ length: lanes }, lane)));
  return {
    perSecond: (count / (performance.now() - startedAt)) * 1_000,
    p99Ms: percentile(times, 99),
    server: cpu.server / count,
    postgres: cpu.postgres / count,
  };
}

const COMMITS = 1_000;

/** The cheapest durable write there is, for the baseline: CPU of Postgres for each, and how long it takes, milliseconds. */
export async function commits(server: BenchServer): Promise<{ cpuMs: number; wallMs: number }> {
  const startedAt = performance.now();
  const { postgres } = await cpuWhile(server, async () => {
    for (let n = 0; n < COMMITS; n++) await commitOnce(server);
  });
  return { cpuMs: postgres / COMMITS, wallMs: (performance.now() - startedAt) / COMMITS };
}
