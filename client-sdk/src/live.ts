import type { Document } from './_generated_operations.ts';
import { isTransient, WeftConnectionError, WeftServerError } from './errors.ts';
import type { Settings } from './options.ts';
import { InboxFull } from './transport/bounded-queue.ts';
import type { Transport, TransportKind } from './transport/transport.ts';
import type { Ladder } from './transport/transport-fallback.ts';
import { delay, makeBackoff, orAborted } from './waiting.ts';

/** What the streams of one client share. */
export interface Live {
  settings: Settings;
  ladder: Ladder;
  transports: Record<'ws' | 'sse', Transport>;
}

/** A stream for `for await`. Leaving the loop, or `return()`, ends it at once and closes what it held open. */
export interface LiveStream<T> extends AsyncIterableIterator<T, void> {
  return(): Promise<IteratorResult<T, void>>;
}

/** What to subscribe to, asked again before each connection. */
export interface Source<Item, Result, Variables> {
  document: Document<Result, Variables>;
  variables(): Promise<Variables>;
  pick(result: Result): Item;
  /** How many events it holds. */
  weigh(item: Item): number;
  /** Whether it is over when the server completes it without a single event: there are none behind its cursor. */
  mayEnd?: boolean;
  /** How to do without subscriptions, where that can be done. */
  poll?(variables: Variables, handlers: Handlers): AsyncGenerator<Item, void>;
}

interface Handlers {
  signal: AbortSignal;
  onOpen(): void;
}

export type Connect = <Item, Result, Variables>(
  source: Source<Item, Result, Variables>,
) => AsyncGenerator<Item, void>;

/**
 * Makes a stream of what `read` yields; `connect` gives it an endless sequence of results, which outlives the
 * connections under it. An async generator alone would not do: its `return()` waits for the event it is waiting for.
 */
export function followed<T>(
  live: Live,
  operation: string,
  signal: AbortSignal | undefined,
  read: (connect: Connect) => AsyncGenerator<T, void>,
): LiveStream<T> {
  const left = new AbortController();
  const onAbort = () => left.abort(signal?.reason);
  const items = read(connect);

  return {
    next: () => items.next(),
    async return() {
      left.abort(hasLeft);
      await items.return();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };

  async function* connect<Item, Result, Variables>(source: Source<Item, Result, Variables>) {
    signal?.throwIfAborted();
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      yield* reconnecting(live, operation, source, left.signal);
    } catch (error) {
      if (error !== hasLeft) throw error;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }
}

const hasLeft = new Error('The consumer of the stream has left.');

async function* reconnecting<Item, Result, Variables>(
  live: Live,
  operation: string,
  source: Source<Item, Result, Variables>,
  signal: AbortSignal,
): AsyncGenerator<Item, void> {
  const { settings, ladder } = live;
  const { onStream } = settings.hooks;
  const patience = makePatience(settings);
  for (;;) {
    const transport = ladder.pick();
    const connection = yield* connectOnce(live, operation, transport, source, signal);
    if (connection.ended) return;
    const { error, openForMs, weight } = connection;
    if (openForMs !== undefined) patience.restore(openForMs, weight);
    if (error instanceof InboxFull) continue;
    patience.require(error);
    const reached = error instanceof WeftConnectionError && error.reached;
    const tryNext = openForMs === undefined && ladder.failed(transport, reached);
    const retryInMs = tryNext ? 0 : patience.nextDelayMs();
    onStream?.({ operation, transport, state: 'lost', error, retryInMs });
    await delay(retryInMs, signal);
  }
}

/** What became of one connection; `openForMs` is undefined where it did not open. */
type Connection =
  | { ended: true }
  | { ended: false; error: unknown; openForMs: number | undefined; weight: number };

async function* connectOnce<Item, Result, Variables>(
  live: Live,
  operation: string,
  transport: TransportKind,
  source: Source<Item, Result, Variables>,
  signal: AbortSignal,
): AsyncGenerator<Item, Connection> {
  const { onStream } = live.settings.hooks;
  const variables = await orAborted(source.variables(), signal);
  let openedAt: number | undefined;
  let weight = 0;
  const onOpen = () => {
    if (openedAt !== undefined) return;
    openedAt = Date.now();
    onStream?.({ operation, transport, state: 'open' });
  };
  let error: unknown = new WeftConnectionError('The server ended the stream before its last event.', true);
  onStream?.({ operation, transport, state: 'connecting' });
  try {
    for await (const item of itemsOf(live, transport, source, variables, { signal, onOpen })) {
      onOpen();
      weight += source.weigh(item);
      yield item;
    }
    if (source.mayEnd && weight === 0) return { ended: true };
  } catch (thrown) {
    error = thrown;
  }
  return { ended: false, error, weight, openForMs: openedAt && Date.now() - openedAt };
}

/** How often and how long a stream is tried to be found again. */
function makePatience({ timeouts, maxRetries }: Settings) {
  const longestDelayMs = 10_000;
  const backoff = makeBackoff(100, longestDelayMs);
  let aliveAt = Date.now();
  let faults = 0;
  return {
    /** A connection was open: where it was of use, the next attempt is made soon. */
    restore(openForMs: number, weight: number): void {
      aliveAt = Date.now();
      if (weight === 0 && openForMs < longestDelayMs) return;
      backoff.reset();
      faults = 0;
    },
    /** Throws the error where no retry is likely to heal it. */
    require(error: unknown): void {
      if (!isTransient(error) || Date.now() - aliveAt > timeouts.reconnectMs) throw error;
      if (error instanceof WeftServerError && error.errorId !== null) faults += 1;
      if (faults > maxRetries) throw error;
    },
    nextDelayMs: () => backoff.next(),
  };
}

function itemsOf<Item, Result, Variables>(
  live: Live,
  kind: TransportKind,
  source: Source<Item, Result, Variables>,
  variables: Variables,
  handlers: Handlers,
): AsyncGenerator<Item, void> {
  if (kind === 'poll' && source.poll) return source.poll(variables, handlers);
  return picked(live.transports[kind === 'poll' ? 'sse' : kind], source, variables, handlers);
}

async function* picked<Item, Result, Variables>(
  transport: Transport,
  { document, weigh, pick }: Source<Item, Result, Variables>,
  variables: Variables,
  handlers: Handlers,
): AsyncGenerator<Item, void> {
  const options = { ...handlers, weigh: (result: Result) => weigh(pick(result)) };
  for await (const result of transport.subscribe(document, variables, options)) yield pick(result);
}
