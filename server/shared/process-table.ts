import { readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

/**
 * The start time of a process, in ticks of the kernel. Pids are reused; a pid and a start time identify one process.
 * Undefined where no such process runs (a zombie does not run). Where there is no /proc, '0' for any running process.
 */
export async function processStart(pid: number): Promise<string | undefined> {
  if (process.platform !== 'linux') return isAlive(pid) ? '0' : undefined;
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // the name before may contain spaces and brackets
  const [state, startTicks] = [fields[0], fields[19]];
  return state === 'Z' || state === 'X' ? undefined : startTicks;
}

/** The arguments of a process; empty where it does not run, or where there is no /proc. */
export async function processArguments(pid: number): Promise<string[]> {
  const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return line.split('\0');
}

/** Whether the process exists, for any owner. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Starts a process that the kernel kills first, with its children, when the memory of the host runs out. The child
 * inherits its score from this process, which has that score only during `start`: a score that is set on the running
 * child would miss the processes that it forks at once.
 */
export function startExpendable<T>(start: () => T): T {
  const score = '/proc/self/oom_score_adj';
  let former: string;
  try {
    former = readFileSync(score, 'utf8');
    writeFileSync(score, '1000');
  } catch {
    return start(); // Without /proc there is no score to set.
  }
  try {
    return start();
  } finally {
    writeFileSync(score, former);
  }
}

/**
 * Kills a process that was started as `detached`, with its process group. A bubblewrap that is killed alone while it
 * makes its room leaves a second process, which waits for ever and keeps our end of its output open.
 */
export function killGroup(leader: { pid?: number | undefined }): void {
  if (leader.pid === undefined) return; // The process was never started.
  try {
    process.kill(-leader.pid, 'SIGKILL');
  } catch {
    // The process has ended.
  }
}
