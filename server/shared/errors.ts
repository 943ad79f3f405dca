/** The level at which an error is logged; `silent` is for faults of the caller, who receives the error anyway. */
export type LogLevel = 'silent' | 'warn' | 'error';

/**
 * The one error class whose code and message reach clients. Any other error is masked at the boundary: it is logged in
 * full under an id, and the client receives only the id.
 */
export class WeftError extends Error {
  readonly code: string;
  readonly logLevel: LogLevel;

  constructor(code: string, message: string, options: { cause?: unknown; logLevel?: LogLevel } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'WeftError';
    this.code = code;
    this.logLevel = options.logLevel ?? 'silent';
  }
}

/** Turns any thrown value into an Error; called once, where the value is caught. */
export function coerceError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
