import { destination, type Logger, pino } from 'pino';

export type { Logger };

/** Logs are JSON lines on stderr; stdout is for the output of commands. */
export function makeLogger(level: string): Logger {
  return pino(
    { level, base: undefined, serializers: { err: summarize } },
    destination({ fd: 2, sync: true }),
  );
}

/** Omits the objects that drivers attach to their errors, such as a whole connection. */
function summarize(error: Error & { code?: unknown }) {
  const { name, message, code, stack, cause } = error;
  return { type: name, message, code, stack, ...(cause instanceof Error && { cause: cause.message }) };
}
