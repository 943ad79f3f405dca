import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { backoffMs } from '../shared/backoff.ts';
import type { Logger } from '../shared/logger.ts';

/** How often a query checks that the connection lives; without it a broken network goes unnoticed. */
const HEARTBEAT_MS = 5_000;
const BACKOFF = { initialMs: 50, maxMs: 1_000 };

/**
 * One connection that LISTENs on a channel until it is disposed of, and reconnects after restarts of Postgres. `onGap`
 * is called after each connect: notifications may have been missed, so their receivers must read the tables again.
 */
export function openListener(options: {
  url: string;
  channel: string;
  onNotification: (payload: string) => void;
  onGap: () => void;
  logger: Logger;
}): AsyncDisposable {
  const closing = new AbortController();
  const running = keepListening(options, closing.signal);
  return {
    async [Symbol.asyncDispose]() {
      closing.abort();
      await running;
    },
  };
}

// cannot reject: a connection that fails is logged and opened again
async function keepListening(
  options: Parameters<typeof openListener>[0],
  signal: AbortSignal,
): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    try {
      await listenOnce(options, signal, () => {
        failures = 0;
      });
    } catch (error) {
      if (signal.aborted) break;
      options.logger.warn({ err: error }, 'the LISTEN connection was lost; reconnecting');
    }
    failures += 1;
    await delay(backoffMs(failures, BACKOFF), undefined, { signal }).catch(() => {});
  }
}

/** Resolves when the signal aborts, rejects when the connection is lost. */
async function listenOnce(
  { url, channel, onNotification, onGap }: Parameters<typeof openListener>[0],
  signal: AbortSignal,
  onConnected: () => void,
): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'weft listener',
    keepAlive: true,
    connectionTimeoutMillis: 5_000,
    query_timeout: HEARTBEAT_MS,
  });
  const ended = Promise.withResolvers<void>();
  ended.promise.catch(() => {});
  client.on('error', ended.reject);
  client.on('end', () => ended.reject(new Error('the connection ended')));
  client.on('notification', ({ payload }) => onNotification(payload ?? ''));
  const onAbort = () => ended.resolve();
  signal.addEventListener('abort', onAbort, { once: true });
  const leaving = new AbortController();
  try {
    await client.connect();
    await client.query(`LISTEN ${client.escapeIdentifier(channel)}`);
    onConnected();
    onGap();
    await Promise.race([ended.promise, beat(client, leaving.signal)]);
  } finally {
    leaving.abort();
    signal.removeEventListener('abort', onAbort);
    await client.end().catch(() => {});
  }
}

/** Rejects where the connection does not answer. One query at a time: pg refuses another one meanwhile in its next version. */
async function beat(client: pg.Client, signal: AbortSignal): Promise<never> {
  for (;;) {
    await delay(HEARTBEAT_MS, undefined, { signal });
    await client.query('SELECT 1');
  }
}
