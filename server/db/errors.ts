/**
 * The five-character SQLSTATE of a Postgres error, by TypeORM or straight from the driver. It has a digit, and EPIPE
 * none.
 */
export function sqlState(error: unknown): string | undefined {
  const { code, driverError } = error as { code?: unknown; driverError?: { code?: unknown } };
  const state = driverError?.code ?? code;
  return typeof state === 'string' && /^(?=.*\d)[0-9A-Z]{5}$/.test(state) ? state : undefined;
}

/**
 * Whether the statement failed because the database could not be reached or is going down, so that the same
 * statement may succeed later. Class 08, 57P01 to 57P03, 53300, a database that takes no connections for now (55000),
 * and whatever the socket said. But 08P01 (protocol violation) is that only where it ends the connection, as PgBouncer
 * says it for a database that is away: Postgres also says it of a statement with too many parameters, at every try.
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

/** Whether a row with this key is there already. */
export function isDuplicate(error: unknown): boolean {
  return sqlState(error) === '23505';
}

/**
 * Whether the database refused a value that it cannot hold: text with a NUL character (22021), or a number beyond
 * its column (22003). Only a client can have sent such a value, in an id, a name or a cursor.
 */
export function isUnstorable(error: unknown): boolean {
  const state = sqlState(error);
  return state === '22021' || state === '22003';
}
