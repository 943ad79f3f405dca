import { MAX_VALUE } from '../../shared/value-size.ts';
import type { RunBounds } from '../backend.ts';

/** Limits of one run, except time, memory and what the operator sets (RunBounds). DESIGN.md has the whole table. */
export const runLimits = {
  /** Processes and threads together. */
  processes: 64,
  openFiles: 256,
  /** Real-time signals and the like that wait to be handled. */
  waitingSignals: 256,
  scratchFiles: 10_000,
  /** How much of each line is emitted; the rest is discarded, and the run goes on. */
  lineBytes: 256 * 1024,
  artifacts: { count: 100, totalBytes: 32 * 1024 * 1024 },
  result: { jsonCharacters: MAX_VALUE.bytes, containers: MAX_VALUE.containers, depth: 500 },
} as const;

/** The exception message that reaching a limit causes, and the limit that is added to it for the user. */
const LIMIT_MESSAGES: [message: RegExp, limit: string | ((bounds: RunBounds) => string)][] = [
  [
    /^\[Errno 11\]/,
    `if this was a new process: a run may have ${runLimits.processes} processes and threads at once`,
  ],
  [/^can't start new thread/, `a run may have ${runLimits.processes} processes and threads at once`],
  [/^\[Errno 24\]/, `a run may have ${runLimits.openFiles} files open at once`],
  [/^\[Errno 27\]/, ({ fileMb }) => `a file may have ${fileMb} MiB: PYTHON_FILE_MB`],
  [
    /^\[Errno 28\]/,
    ({ scratchMb }) =>
      `the scratch folder and /dev/shm hold ${scratchMb} MiB and ${runLimits.scratchFiles} files each: PYTHON_SCRATCH_MB`,
  ],
];

/** Adds the limit to the message of an exception that reaching a limit has caused. */
export function explainLimit(message: string, bounds: RunBounds): string {
  const limit = LIMIT_MESSAGES.find(([pattern]) => pattern.test(message))?.[1];
  if (limit === undefined) return message;
  return `${message} (${typeof limit === 'string' ? limit : limit(bounds)})`;
}
