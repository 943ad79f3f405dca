import { destination, type Logger, pino } from 'pino';

export type { Logger };

/** Logs are JSON lines on stderr; stdout is kept for what a person asked to see. */
export function makeLogger(level: string): Logger {
  return pino({ level, base: undefined }, destination({ fd: 2, sync: true }));
}
