import { MAX_VALUE } from '../shared/value-size.ts';

/** What one evaluation may take; that of several expressions over one scope counts as one. */
export const LIMITS = {
  timeoutMs: 5_000,
  /** Past JSONata's own time limit, for what it cannot interrupt, such as a regular expression. */
  hardTimeoutMs: 6_000,
  /** Calls within calls. */
  stack: 500,
  /** Values in one sequence. */
  sequence: 10_000_000,
  memoryMb: 256,
  /** Of what `$error()` says, among others. */
  messageCharacters: 4_000,
  resultBytes: MAX_VALUE.bytes,
  resultContainers: MAX_VALUE.containers,
};

/** Each tells of a limit that an expression reached, given how many before it had a part in that. */
export const tookTooLong = (before: number) =>
  `it${withThose(before)} took longer than ${LIMITS.timeoutMs / 1_000} seconds. What takes longer belongs into a python node`;
export const gaveTooMuch = (before: number) =>
  `its result${withThose(before)} is larger than ${LIMITS.resultBytes / 1024 / 1024} MiB`;
export const gaveTooManyContainers = (before: number) =>
  `its result${withThose(before)} has more than ${LIMITS.resultContainers} lists and objects`;
export const tookTooMuchMemory = () => `it needed more than ${LIMITS.memoryMb} MiB of memory`;

function withThose(before: number): string {
  return before === 0 ? '' : `, with the ${before} before it,`;
}

/** Why an evaluation has no value, for its author. */
export class EvaluationError extends Error {
  constructor(
    message: string,
    /** In the expression, where that is known. */
    readonly position: number | null = null,
    /** Which of the expressions that were asked for together it is. */
    readonly index = 0,
  ) {
    super(message);
    this.name = 'EvaluationError';
  }
}
