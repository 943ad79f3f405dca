import { MAX_VALUE } from '../shared/value-size.ts';

/** The limits of one evaluation; several expressions over one scope share the limits of one. */
export const LIMITS = {
  /** CPU time of the process, so that a busy host fails no honest expression. */
  cpuMs: 5_000,
  /** Wall time, for a process that gets next to no CPU. */
  timeoutMs: 60_000,
  /** Nested calls. */
  stack: 500,
  /** Values in one sequence. */
  sequence: 10_000_000,
  memoryMb: 256,
  /** Of an error, which may be the user's own by `$error()`. */
  messageCharacters: 4_000,
  resultBytes: MAX_VALUE.bytes,
  resultContainers: MAX_VALUE.containers,
};

/** Messages of reached limits; `before` counts the expressions before it, which share its limits. */
export const tookTooLong = (cpuMs: number) => (before: number) =>
  `it${withEarlier(before)} took longer than ${cpuMs / 1_000} seconds. Use a python node for longer work`;
export const tooLarge = (before: number) =>
  `its result${withEarlier(before)} is larger than ${LIMITS.resultBytes / 1024 / 1024} MiB`;
export const tooManyContainers = (before: number) =>
  `its result${withEarlier(before)} has more than ${LIMITS.resultContainers} lists and objects`;
export const tookTooMuchMemory = () => `it needed more than ${LIMITS.memoryMb} MiB of memory`;

function withEarlier(before: number): string {
  return before === 0 ? '' : `, with the ${before} before it,`;
}

/** Why an evaluation has no value, for the author of the expression. */
export class EvaluationError extends Error {
  constructor(
    message: string,
    /** The character of the expression, where it is known. */
    readonly position: number | null = null,
    /** Which of the expressions of one request failed. */
    readonly index = 0,
  ) {
    super(message);
    this.name = 'EvaluationError';
  }
}
