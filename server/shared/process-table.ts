import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

/**
 * The start time of a process, in ticks of the kernel. Pids are reused; a pid and a start time identify one process.
 * Undefined where no such process runs (a zombie does not run). Where there is no /proc, '0' for any running process.
 */
export async function processStart(pid: number): Promise<string | undefined> {
  if (process.platform !== 'linux') return isAlive(pid) ? '0' : undefined;
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = fieldsOf(stat);
  const [state, startTicks] = [fields[0], fields[19]];
  return state === 'Z' || state === 'X' ? undefined : startTicks;
}

/** CPU time of a process, milliseconds. Undefined where it does not run, or /proc cannot be read. */
export function cpuTimeMs(pid: number | undefined): number | undefined {
  try {
    const fields = fieldsOf(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
  } catch {
    return undefined;
  }
}

/** Of /proc/…/stat, from the state on: the name before may contain spaces and brackets. */
function fieldsOf(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** USER_HZ is 100 on all of Linux's platforms that Node runs on. */
const MS_PER_TICK = 10;

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
  let score: number | undefined;
  let former = '';
  try {
    score = openSync('/proc/self/oom_score_adj', 'r+');
    former = readFileSync(score, 'utf8');
    writeSync(score, '1000', 0);
  } catch {
    // Without /proc there is no score to set; without a descriptor, no process will start.
    if (score !== undefined) closeSync(score);
    return start();
  }
  try {
    return start();
  } finally {
    writeSync(score, former, 0); // the same descriptor, because `start` may have used up the others
    closeSync(score);
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
