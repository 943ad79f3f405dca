import { readFileSync } from 'node:fs';

/** The CPU time of a process so far with all of its threads, seconds: in its program and in the kernel. */
export function cpuOf(pid: number): { user: number; system: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { user: Number(fields[11]) / TICKS_PER_SECOND, system: Number(fields[12]) / TICKS_PER_SECOND };
}

/** What Linux counts in a second, on every architecture that Node runs on. */
export const TICKS_PER_SECOND = 100;
