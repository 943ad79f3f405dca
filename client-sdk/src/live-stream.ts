import type { Document } from './_generated_operations.ts';
import { makeBackoff } from './backoff.ts';
import type { ClientContext } from './context.ts';
import { isTransient, WeftAuthenticationError, WeftConnectionError, WeftServerError } from './errors.ts';
import type { Settings } from './options.ts';
import type { RequestOptions } from './request.ts';
import { QueueFull } from './transport/bounded-queue.ts';
import type { TransportKind } from './transport/transport.ts';
import { abortable, delay } from './waiting.ts';

/** A stream for `for await`. Leaving the loop, or `return()`, ends it at once and closes what it held open. */
export interface LiveStream<T> extends AsyncIterableIterator<T, void> {
  return(): Promise<IteratorResult<T, void>>;
}

/** Options of streams of what happens from now on, which have no cursor to begin from. */
export interface FollowOptions extends RequestOptions {
  /** Called whenever a connection is open: what changed before it is to be read from the list. */
  onOpen?: () => void;
}

/** What to subscribe to. */
export interface SubscriptionSource<Item, Result, Variables> {
  document: Document<Result, Variables>;
  /** Called before each connection, so that it can go on from the last cursor. */
  variables(): Promise<Variables>;
  /** Called once each connection is open. */
  onOpen?: (() => void) | undefined;
  select(result: Result): Item;
  countEvents(item: Item): number;
  /** Whether a subscription that the server completes without an event is over: nothing comes after its cursor. */
  endsWhenEmpty?: boolean;
  /** How to do without subscriptions, where that is possible. */
  poll?(variables: Variables, handlers: Handlers): AsyncGenerator<Item, void>;
}

interface Handlers {
  signal: AbortSignal;
  onOpen(): void;
}

export type Connect = <Item, Result, Variables>(
  source: SubscriptionSource<Item, Result, Variables>,
) => AsyncGenerator<Item, void>;

/**
 * Makes a stream of what `read` yields. `read` subscribes by `connect`, whose results go on when a new connection
 * replaces a lost one. An async generator alone would not do: its `return()` waits for the pending event.
 */
export function openLiveStream<T>(
  context: ClientContext,
  operation: string,
  signal: AbortSignal | undefined,
  read: (connect: Connect) => AsyncGenerator<T, void>,
): LiveStream<T> {
  const ending = new AbortController();
  const onAbort = () => ending.abort(signal?.reason);
  const items = read(connect);

  return {
    next: () => items.next(),
    async return() {
      ending.abort(consumerLeft);
      await items.return();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };

  async function* connect<Item, Result, Variables>(source: SubscriptionSource<Item, Result, Variables>) {
    signal?.throwIfAborted();
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      yield* subscribeWithReconnects(context, operation, source, ending.signal);
    } catch (error) {
      if (error !== consumerLeft) throw error;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }
}

const consumerLeft = new Error('The consumer of the stream has left.');

async function* subscribeWithReconnects<Item, Result, Variables>(
  context: ClientContext,
  operation: string,
  source: SubscriptionSource<Item, Result, Variables>,
  signal: AbortSignal,
): AsyncGenerator<Item, void> {
  const { settings, fallback } = context;
  const { onStream } = settings.hooks;
  const policy = makeReconnectPolicy(settings);
  for (;;) {
    const transport = fallback.current();
    const connection = yield* connectOnce(context, operation, transport, source, signal);
    if (connection.ended) return;
    const { error, openForMs, events } = connection;
    if (openForMs !== undefined) policy.reportOpen(openForMs, events);
    if (error instanceof QueueFull) continue;
    policy.throwUnlessRetryable(error, openForMs !== undefined);
    const reached = error instanceof WeftConnectionError && error.reached;
    const tryNext = openForMs === undefined && fallback.reportFailure(transport, reached);
    const retryInMs = tryNext ? 0 : policy.nextDelayMs();
    onStream?.({ operation, transport, state: 'lost', error, retryInMs });
    await delay(retryInMs, signal);
  }
}

/** The outcome of one connection; `openForMs` is undefined where it did not open. */
type Connection =
  | { ended: true }
  | { ended: false; error: unknown; openForMs: number | undefined; events: number };

async function* connectOnce<Item, Result, Variables>(
  context: ClientContext,
  operation: string,
  transport: TransportKind,
  source: SubscriptionSource<Item, Result, Variables>,
  signal: AbortSignal,
): AsyncGenerator<Item, Connection> {
  const { onStream } = context.settings.hooks;
  const variables = await abortable(source.variables(), signal);
  let openedAt: number | undefined;
  let events = 0;
  const onOpen = () => {
    if (openedAt !== undefined) return;
    openedAt = Date.now();
    onStream?.({ operation, transport, state: 'open' });
    source.onOpen?.();
  };
  let error: unknown = new WeftConnectionError('The server ended the stream before its last event.', true);
  onStream?.({ operation, transport, state: 'connecting' });
  try {
    for await (const item of itemsOf(context, transport, source, variables, { signal, onOpen })) {
      onOpen();
      events += source.countEvents(item);
      yield item;
    }
    if (source.endsWhenEmpty && events === 0) return { ended: true };
  } catch (thrown) {
    error = thrown;
  }
  return { ended: false, error, events, openForMs: openedAt && Date.now() - openedAt };
}

/** How often, and for how long, a lost stream reconnects. */
function makeReconnectPolicy({ timeouts, maxRetries, renewsToken }: Settings) {
  const longestDelayMs = 10_000;
  const backoff = makeBackoff(100, longestDelayMs);
  let lastOpenAt = Date.now();
  let serverFaults = 0;
  return {
    /** A connection that brought events, or stayed open, makes the next attempt come soon. */
    reportOpen(openForMs: number, events: number): void {
      lastOpenAt = Date.now();
      if (events === 0 && openForMs < longestDelayMs) return;
      backoff.reset();
      serverFaults = 0;
    },
    /** Throws the error where another attempt is unlikely to succeed. */
    throwUnlessRetryable(error: unknown, wasOpen: boolean): void {
      // Its token was good, and is over: the function has another one, with which it opens again or not at all.
      if (renewsToken && wasOpen && error instanceof WeftAuthenticationError) return;
      if (!isTransient(error) || Date.now() - lastOpenAt > timeouts.reconnectMs) throw error;
      if (error instanceof WeftServerError && error.errorId !== null) serverFaults += 1;
      if (serverFaults > maxRetries) throw error;
    },
    nextDelayMs: () => backoff.next(),
  };
}

async function* itemsOf<Item, Result, Variables>(
  { transports }: ClientContext,
  kind: TransportKind,
  { document, select, countEvents, poll }: SubscriptionSource<Item, Result, Variables>,
  variables: Variables,
  handlers: Handlers,
): AsyncGenerator<Item, void> {
  if (kind === 'poll' && poll) return yield* poll(variables, handlers);
  const transport = transports[kind === 'poll' ? 'sse' : kind];
  const options = { ...handlers, sizeOf: (result: Result) => countEvents(select(result)) };
  for await (const result of transport.subscribe(document, variables, options)) yield select(result);
}
