import { readdirSync, readFileSync } from 'node:fs';
import type pg from 'pg';
import { TICKS_PER_SECOND } from './cpu-of.ts';

interface Stat {
  parent: number;
  /** CPU time: its own, and that of the children that it has waited for. */
  seconds: number;
}

/** The CPU time of a process and all that it has started so far, seconds. */
export function cpuOfTree(root: number): number {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const all = new Map(pids.map((pid) => [Number(pid), statOf(Number(pid))]));
  const belongs = (pid: number): boolean => pid === root || (pid > 1 && belongs(all.get(pid)?.parent ?? 0));
  return [...all].reduce((sum, [pid, stat]) => sum + (stat !== null && belongs(pid) ? stat.seconds : 0), 0);
}

/** The process of a Postgres on this machine whose children all others are. */
export async function findPostmaster(sql: pg.Client): Promise<number> {
  const { rows } = await sql.query('SELECT pg_backend_pid() AS pid');
  return statOf(rows[0].pid)!.parent;
}

/** Null where the process has ended. */
function statOf(pid: number): Stat | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const ticks = fields.slice(11, 15).reduce((sum, each) => sum + each, 0);
    return { parent: fields[1]!, seconds: ticks / TICKS_PER_SECOND };
  } catch {
    return null;
  }
}
