import { readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

/**
 * When a process started, as the kernel counts; with the pid it names one process for good, since pids are
 * given out again. Undefined when there is no such process (a zombie has ended too). Where there is no /proc,
 * '0' for whatever process has the pid now.
 */
export async function processStart(pid: number): Promise<string | undefined> {
  if (process.platform !== 'linux') return isAlive(pid) ? '0' : undefined;
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // the name before may hold spaces and brackets
  const [state, startTicks] = [fields[0], fields[19]];
  return state === 'Z' || state === 'X' ? undefined : startTicks;
}

/** The arguments a process was started with; empty when there is none, or no telling. */
export async function processArguments(pid: number): Promise<string[]> {
  const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return line.split('\0');
}

/** Whether there is such a process, whoever's it is. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Starts what the kernel is to end, with all that it starts in turn, before any other process where the host's memory
 * runs out. It inherits that from this process, which is so for no longer than the start takes: set from outside, it
 * would come too late for a process that forks at once.
 */
export function startExpendable<T>(start: () => T): T {
  const score = '/proc/self/oom_score_adj';
  let former: string;
  try {
    former = readFileSync(score, 'utf8');
    writeFileSync(score, '1000');
  } catch {
    return start(); // Where there is no /proc, the kernel chooses as it does.
  }
  try {
    return start();
  } finally {
    writeFileSync(score, former);
  }
}

/**
 * Kills what was started as `detached`, with all that it has started so far: a bubblewrap that is killed alone while it
 * makes its room leaves the other half of itself waiting for ever, with our end of its output.
 */
export function killGroup(leader: { pid?: number | undefined }): void {
  if (leader.pid === undefined) return; // It never began.
  try {
    process.kill(-leader.pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}
