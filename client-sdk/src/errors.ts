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

/** The server was not reached, or the connection broke. A request that is safe to repeat has been retried already. */
export class WeftConnectionError extends WeftError {
  override readonly name = 'WeftConnectionError';

  /** @param reached whether something answered at the address, so that only this transport may be blocked */
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

/** The token is missing, wrong or expired. */
export class WeftAuthenticationError extends WeftError {
  override readonly name = 'WeftAuthenticationError';

  constructor(message: string) {
    super('UNAUTHENTICATED', `${message} The client sends what createClient({ token }) was given.`);
  }
}

/** The server refuses this caller, such as a page of an origin that its WEFT_ALLOWED_ORIGINS does not name. */
export class WeftForbiddenError extends WeftError {
  override readonly name = 'WeftForbiddenError';
}

/** The execution, workflow, environment or artifact does not exist. */
export class WeftNotFoundError extends WeftError {
  override readonly name = 'WeftNotFoundError';
}

/** The request itself is at fault: a cursor of another execution, a variable of the wrong type, too large. */
export class WeftRequestError extends WeftError {
  override readonly name = 'WeftRequestError';
}

/**
 * The server cannot serve the request now: a fault inside the server (its log has the details under `errorId`), the
 * server cannot reach its database (DATABASE_UNAVAILABLE) or sandbox service (PYTHON_SERVICE_ERROR), or the token has
 * used what it may in a minute (RATE_LIMITED).
 */
export class WeftServerError extends WeftError {
  override readonly name = 'WeftServerError';

  constructor(
    code: string,
    message: string,
    readonly errorId: string | null = null,
    /** RATE_LIMITED: when the token may use so much again. */
    readonly retryAfterSeconds: number | null = null,
  ) {
    super(code, message);
  }
}

export interface UserError {
  /** A WARNING keeps nothing from being saved or run. */
  level: 'ERROR' | 'WARNING';
  /** For programs, such as `UNKNOWN_TYPE`, `CYCLE` or `NOT_FOUND`. */
  code: string;
  /** The path in the input, such as `nodes.2.config.timeoutMs`; null where the input as a whole is at fault. */
  field: string | null;
  message: string;
}

/**
 * The input of a mutation has faults; `userErrors` has all of them. `code` is the code of the first fault, and NOT_JSON
 * where the client could not send the input.
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

/** Why a node or an execution failed. */
export type NodeFailure = EventErrorPartsFragment;

/**
 * An execution ended without a result: a node failed (`code` is the node's), or the run was canceled
 * (EXECUTION_CANCELED).
 */
export class WeftExecutionError extends WeftError {
  override readonly name = 'WeftExecutionError';
  /** The key of the node that failed; null where the execution as a whole failed or was canceled. */
  readonly node: string | null;
  /** The class of the exception that code raised, such as `ValueError`. */
  readonly type: string | null;
  /** The Python traceback: the user's own frames, with their own line numbers. */
  readonly traceback: string | null;
  /** The line of the user's code, from 1. */
  readonly line: number | null;
  /** The column in that line, from 1. */
  readonly column: number | null;
  /** The exit code of a process that ended by itself. */
  readonly exitCode: number | null;
  /** The last few KiB that the run wrote to stderr. */
  readonly stderr: string | null;
  /** What the code alone does not say: of `HTTP_STATUS` the status, the URL and the first KiB of the body. */
  readonly details: unknown;
  /** Whether another attempt may succeed without a change of code. */
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
    this.details = failure.details ?? null;
    this.retryable = failure.retryable ?? false;
  }
}

export interface GraphqlError {
  message: string;
  extensions?: { code?: string; errorId?: string; retryAfterSeconds?: number };
}

/** The error for top-level GraphQL errors; the first code decides the class, and the message is the server's. */
export function errorOfGraphql(errors: readonly GraphqlError[]): WeftError {
  const code = errors[0]?.extensions?.code ?? 'UNKNOWN';
  const message = errors.map((error) => error.message).join('\n');
  if (code === 'UNAUTHENTICATED') return new WeftAuthenticationError(message);
  if (code.startsWith('FORBIDDEN')) return new WeftForbiddenError(code, message);
  if (code === 'NOT_FOUND') return new WeftNotFoundError(code, message);
  if (serverCodes.includes(code)) {
    const { errorId = null, retryAfterSeconds = null } = errors[0]?.extensions ?? {};
    return new WeftServerError(code, message, errorId, retryAfterSeconds);
  }
  return new WeftRequestError(code, message);
}

const serverCodes = [
  'INTERNAL_SERVER_ERROR',
  'DATABASE_UNAVAILABLE',
  'FILE_STORE_ERROR',
  'PYTHON_SERVICE_ERROR',
  'RATE_LIMITED',
  'TOO_BUSY',
  'TOO_MANY_CONNECTIONS',
];

/** Whether the same request may succeed a moment later. */
export function isTransient(error: unknown): boolean {
  // The server has waited ten seconds for its sandbox service already; retries would make that a minute.
  if (error instanceof WeftServerError) return error.code !== 'PYTHON_SERVICE_ERROR';
  return error instanceof WeftConnectionError || error instanceof WeftTimeoutError;
}

function lineOf({ field, message }: UserError): string {
  return field === null ? message : `${field}: ${message}`;
}
