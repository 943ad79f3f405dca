/** What one evaluation may take. */
export const LIMITS = {
  timeoutMs: 5_000,
  /** Past JSONata's own time limit, for what it cannot interrupt, such as a regular expression. */
  hardTimeoutMs: 6_000,
  /** Calls within calls. */
  stack: 500,
  /** Values in one sequence. */
  sequence: 10_000_000,
  memoryMb: 256,
  resultBytes: 16 * 1024 * 1024,
  /** Lists and objects, as of a Python run: more would hold up the server that parses them. */
  resultContainers: 500_000,
};

export const tookTooLong = `it took longer than ${LIMITS.timeoutMs / 1_000} seconds. What takes longer belongs into a python node`;
export const tookTooMuchMemory = `it needed more than ${LIMITS.memoryMb} MiB of memory`;

/** Why an evaluation has no value, for its author. */
export class EvaluationError extends Error {
  constructor(
    message: string,
    /** In the expression, where that is known. */
    readonly position: number | null = null,
  ) {
    super(message);
    this.name = 'EvaluationError';
  }
}
