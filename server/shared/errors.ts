/** How loudly an error is logged; `silent` is for faults of the caller, which the caller is told about. */
export type LogLevel = 'silent' | 'warn' | 'error';

/**
 * The one error class whose code and message reach clients. Anything else that is thrown is masked at the
 * edge: logged in full under an id, and only the id is told.
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

/** Turns whatever was thrown into an Error, once, at the boundary that catches it. */
export function coerceError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
