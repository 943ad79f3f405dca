import type { EventErrorPartsFragment } from './_generated_operations.ts';

/** The base of every error that this package throws. `code` is for programs, `message` for people. */
export class WeftError extends Error {
  override readonly name: string = 'WeftError';
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The server was not reached, or the way to it broke. Where repeating is safe, it has been tried again. */
export class WeftConnectionError extends WeftError {
  override readonly name = 'WeftConnectionError';

  /** @param reached whether something answered at the address, so that only this way of asking is in doubt */
  constructor(
    message: string,
    readonly reached: boolean,
    options?: ErrorOptions,
  ) {
    super('CONNECTION_FAILED', message, options);
  }
}

/** No answer came within the time allowed. */
export class WeftTimeoutError extends WeftError {
  override readonly name = 'WeftTimeoutError';

  constructor(message: string) {
    super('TIMEOUT', message);
  }
}

/** The token is missing, wrong or has run out. */
export class WeftAuthenticationError extends WeftError {
  override readonly name = 'WeftAuthenticationError';
}

/** The server does not serve this page or this caller, such as a page of an origin it was not told of. */
export class WeftForbiddenError extends WeftError {
  override readonly name = 'WeftForbiddenError';
}

/** There is no such execution, workflow, environment or artifact. */
export class WeftNotFoundError extends WeftError {
  override readonly name = 'WeftNotFoundError';
}

/** The request cannot be served as it stands: a cursor of another execution, a variable of the wrong type, too large. */
export class WeftRequestError extends WeftError {
  override readonly name = 'WeftRequestError';
}

/**
 * The server could not serve this now: a fault inside it (its log tells more under `errorId`), or its database or sandbox
 * service is away (DATABASE_UNAVAILABLE, PYTHON_SERVICE_ERROR).
 */
export class WeftServerError extends WeftError {
  override readonly name = 'WeftServerError';

  constructor(
    code: string,
    message: string,
    readonly errorId: string | null = null,
  ) {
    super(code, message);
  }
}

export interface UserError {
  /** A WARNING keeps nothing from being saved or run. */
  level: 'ERROR' | 'WARNING';
  /** For programs, such as `UNKNOWN_TYPE`, `CYCLE` or `NOT_FOUND`. */
  code: string;
  /** The place in the input, such as `nodes.2.config.timeoutMs`; null where the whole is meant. */
  field: string | null;
  message: string;
}

/**
 * The input of a mutation has faults, all of which are told at once. `code` is that of the first; NOT_JSON where it could
 * not even be sent.
 */
export class WeftInputError extends WeftError {
  override readonly name = 'WeftInputError';

  constructor(
    readonly userErrors: readonly UserError[],
    options?: ErrorOptions,
  ) {
    super(userErrors[0]?.code ?? 'INVALID', userErrors.map(lineOf).join('\n'), options);
  }

  /** The paths of all fields at fault. */
  get fields(): string[] {
    return this.userErrors.flatMap(({ field }) => field ?? []);
  }
}

/** Why a node, or the whole execution, failed. */
export type NodeFailure = EventErrorPartsFragment;

/** An execution ended without a result: a node failed (`code` is the node's), or it was canceled (EXECUTION_CANCELED). */
export class WeftExecutionError extends WeftError {
  override readonly name = 'WeftExecutionError';
  /** The key of the node that failed; null where the execution failed, or was canceled, as a whole. */
  readonly node: string | null;
  /** The class of the exception that code raised, such as `ValueError`. */
  readonly type: string | null;
  /** The Python traceback: the user's own frames, with their own line numbers. */
  readonly traceback: string | null;
  /** The line of the user's code, from 1. */
  readonly line: number | null;
  /** The column in that line, from 1. */
  readonly column: number | null;
  /** Of a process that ended by itself. */
  readonly exitCode: number | null;
  /** The last few KiB of what the run wrote to stderr. */
  readonly stderr: string | null;
  /** Whether another attempt might end differently without a change of code. */
  readonly retryable: boolean;

  constructor(
    readonly executionId: string,
    failure: Pick<NodeFailure, 'code' | 'message'> & Partial<NodeFailure>,
  ) {
    super(failure.code, failure.message);
    this.node = failure.nodeKey ?? null;
    this.type = failure.type ?? null;
    this.traceback = failure.traceback ?? null;
    this.line = failure.line ?? null;
    this.column = failure.column ?? null;
    this.exitCode = failure.exitCode ?? null;
    this.stderr = failure.stderr ?? null;
    this.retryable = failure.retryable ?? false;
  }
}

export interface GraphqlError {
  message: string;
  extensions?: { code?: string; errorId?: string };
}

/** The class of a top-level GraphQL error is chosen by its code. */
export function errorOfGraphql(errors: readonly GraphqlError[]): WeftError {
  const code = errors[0]?.extensions?.code ?? 'UNKNOWN';
  const message = errors.map((error) => error.message).join('\n');
  if (code === 'UNAUTHENTICATED') return new WeftAuthenticationError(code, message);
  if (code.startsWith('FORBIDDEN')) return new WeftForbiddenError(code, message);
  if (code === 'NOT_FOUND') return new WeftNotFoundError(code, message);
  if (serverCodes.includes(code)) {
    return new WeftServerError(code, message, errors[0]?.extensions?.errorId ?? null);
  }
  return new WeftRequestError(code, message);
}

const serverCodes = ['INTERNAL_SERVER_ERROR', 'DATABASE_UNAVAILABLE', 'PYTHON_SERVICE_ERROR'];

/** Whether the same request may go well a moment later. */
export function isTransient(error: unknown): boolean {
  // For a sandbox service the server has waited itself by then: asked again and again, it would be a minute.
  if (error instanceof WeftServerError) return error.code !== 'PYTHON_SERVICE_ERROR';
  return error instanceof WeftConnectionError || error instanceof WeftTimeoutError;
}

function lineOf({ field, message }: UserError): string {
  return field === null ? message : `${field}: ${message}`;
}
