import { MAX_VALUE } from '../../shared/value-size.ts';

/** Limits of one run, except time and memory. DESIGN.md has the whole table. */
export const runLimits = {
  /** Processes and threads together. */
  processes: 64,
  openFiles: 256,
  /** Real-time signals and the like that wait to be handled. */
  waitingSignals: 256,
  /** Of the scratch folder, of /dev/shm, and of one file. */
  scratchMb: 64,
  scratchFiles: 10_000,
  /** How much of each stream and line is emitted; the rest is discarded, and the run goes on. */
  output: { streamBytes: 1024 * 1024, lineBytes: 256 * 1024 },
  artifacts: { count: 100, totalBytes: 32 * 1024 * 1024 },
  result: { jsonCharacters: MAX_VALUE.bytes, containers: MAX_VALUE.containers, depth: 500 },
} as const;

/** The exception message that reaching a limit causes, and the limit that is added to it for the user. */
const LIMIT_MESSAGES: [message: RegExp, limit: string][] = [
  [
    /^\[Errno 11\]/,
    `if this was a new process: a run may have ${runLimits.processes} processes and threads at once`,
  ],
  [/^can't start new thread/, `a run may have ${runLimits.processes} processes and threads at once`],
  [/^\[Errno 24\]/, `a run may have ${runLimits.openFiles} files open at once`],
  [/^\[Errno 27\]/, `a file may have ${runLimits.scratchMb} MiB`],
  [
    /^\[Errno 28\]/,
    `the scratch folder and /dev/shm hold ${runLimits.scratchMb} MiB and ${runLimits.scratchFiles} files each`,
  ],
];

/** Adds the limit to the message of an exception that reaching a limit has caused. */
export function explainLimit(message: string): string {
  const limit = LIMIT_MESSAGES.find(([pattern]) => pattern.test(message))?.[1];
  return limit === undefined ? message : `${message} (${limit})`;
}
