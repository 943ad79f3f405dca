/**
 * The five-character SQLSTATE of a Postgres error, whether TypeORM wraps the error or not. Every SQLSTATE has a digit;
 * EPIPE, a code of Node with five letters, has none.
 */
export function sqlState(error: unknown): string | undefined {
  const { code, driverError } = error as { code?: unknown; driverError?: { code?: unknown } };
  const state = driverError?.code ?? code;
  return typeof state === 'string' && /^(?=.*\d)[0-9A-Z]{5}$/.test(state) ? state : undefined;
}

/**
 * Whether the statement failed because the database is unreachable or shutting down, so that the same statement may
 * succeed later: class 08, 57P01 to 57P03, 53300, a database that accepts no connections at the moment (55000), and
 * socket errors.
 *
 * 08P01 (protocol violation) counts only as FATAL, which PgBouncer reports while its database is unreachable. Postgres
 * reports 08P01 as ERROR for a statement with too many parameters, which fails every time.
 */
export function isConnectionError(error: unknown): boolean {
  const state = sqlState(error);
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (state === '08P01') return severityOf(error) === 'FATAL';
  if (state === '55000') return /not currently accepting connections/.test(String(message));
  if (state !== undefined) return state.startsWith('08') || /^57P0[123]$/.test(state) || state === '53300';
  return (
    (typeof code === 'string' && /^(ECONN|EPIPE|ETIMEDOUT|ENOENT|EHOST|ENET|EAI_)/.test(code)) ||
    (typeof message === 'string' &&
      /connection (terminated|timeout|ended)|timeout (exceeded|expired)|not queryable/i.test(message))
  );
}

function severityOf(error: unknown): unknown {
  const { severity, driverError } = error as { severity?: unknown; driverError?: { severity?: unknown } };
  return driverError?.severity ?? severity;
}

/** Whether a row with this key exists already. */
export function isDuplicate(error: unknown): boolean {
  return sqlState(error) === '23505';
}

/** Whether a row that the statement refers to does not exist, or no longer. */
export function isDangling(error: unknown): boolean {
  return sqlState(error) === '23503';
}

/**
 * Whether the database refused a value that it cannot store: text with a NUL character (22021), a number out of the
 * range of its column (22003), or a moment out of range (22008). Such values come only from clients, in ids, names and
 * cursors.
 */
export function isUnstorable(error: unknown): boolean {
  const state = sqlState(error);
  return state === '22021' || state === '22003' || state === '22008';
}
