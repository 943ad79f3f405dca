import { createClient } from 'graphql-ws/client';
import {
  errorOfGraphql,
  type GraphqlError,
  WeftAuthenticationError,
  WeftConnectionError,
  WeftForbiddenError,
  WeftRequestError,
  WeftServerError,
} from '../errors.ts';
import type { Settings } from '../options.ts';
import { makeInbox } from './bounded-queue.ts';
import type { Transport } from './transport.ts';

/**
 * All subscriptions of a client share one WebSocket, which opens with the first and closes with the last. It never
 * reconnects by itself: that would ask again from the first cursor, and events.ts knows the last.
 */
export function openWs(settings: Settings): Transport {
  const watch = watchSocket(settings, () => client.terminate());
  const client = createClient({
    url: settings.url.replace(/^http/, 'ws'),
    webSocketImpl: settings.WebSocket,
    lazy: true,
    retryAttempts: 0,
    keepAlive: settings.timeouts.silenceMs / 2,
    connectionParams: async () => {
      const authorization = await settings.authorization();
      return authorization === undefined ? {} : { authorization };
    },
    on: watch.listeners,
  });

  return {
    async *subscribe(query, variables, { signal, onOpen, weigh }) {
      signal.throwIfAborted();
      const inbox = makeInbox(weigh, () => leave());
      let wasOpen = false;
      const forget = watch.join(() => {
        wasOpen = true;
        onOpen();
      });
      const onAbort = () => inbox.fail(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      const leave = client.subscribe(
        { query, variables: variables as Record<string, unknown> },
        {
          next: ({ data, errors }) =>
            errors ? inbox.fail(errorOfGraphql(errors as GraphqlError[])) : inbox.put(data as never),
          error: (problem) => inbox.fail(errorOfProblem(problem, settings.url, wasOpen)),
          complete: inbox.end,
        },
      );
      try {
        yield* inbox.take();
      } finally {
        signal.removeEventListener('abort', onAbort);
        leave();
        forget();
      }
    },
  };
}

/** Ends a socket that does not open in time, or is silent: a cut network does not tell by itself. */
function watchSocket({ timeouts }: Settings, terminate: () => void) {
  const waiting = new Set<() => void>();
  let members = 0;
  let isOpen = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const rest = () => clearTimeout(timer);
  const expectWithin = (ms: number) => {
    clearTimeout(timer);
    timer = setTimeout(terminate, ms);
  };
  const close = () => {
    isOpen = false;
    rest();
  };
  return {
    listeners: {
      connecting: () => expectWithin(timeouts.connectMs),
      connected: () => {
        isOpen = true;
        rest();
        for (const tell of waiting) tell();
        waiting.clear();
      },
      ping: (received: boolean) => {
        if (!received) expectWithin(timeouts.silenceMs / 2);
      },
      message: () => {
        if (isOpen) rest();
      },
      error: close,
      closed: close,
    },
    /** Calls back now or when the socket has opened. What it returns leaves: a socket that opens for nobody is ended. */
    join(tell: () => void): () => void {
      members += 1;
      if (isOpen) tell();
      else waiting.add(tell);
      return () => {
        members -= 1;
        waiting.delete(tell);
        if (members === 0 && !isOpen) terminate();
      };
    },
  };
}

/** graphql-ws rejects with a close event, an error event, an error of ours, or a list of GraphQL errors. */
function errorOfProblem(problem: unknown, url: string, wasOpen: boolean): unknown {
  if (Array.isArray(problem)) return errorOfGraphql(problem);
  if (isCloseEvent(problem)) return errorOfClose(problem, url);
  if (problem instanceof Error) return problem; // of the function that gives the token
  const message = wasOpen ? `The WebSocket to ${url} broke.` : `Expected a WebSocket to ${url}, got none.`;
  return new WeftConnectionError(message, false, { cause: problem });
}

interface CloseEventLike {
  code: number;
  reason: string;
}

function isCloseEvent(problem: unknown): problem is CloseEventLike {
  return typeof problem === 'object' && problem !== null && 'code' in problem && 'reason' in problem;
}

function errorOfClose({ code, reason }: CloseEventLike, url: string): Error {
  const message = `The WebSocket to ${url} was closed: ${code} ${reason}`.trimEnd();
  switch (code) {
    case 4401:
      return new WeftAuthenticationError('UNAUTHENTICATED', reason || message);
    case 4403:
      return new WeftForbiddenError('FORBIDDEN', reason || message);
    case 1009:
    case 4400:
    case 4406:
    case 4409:
      return new WeftRequestError('BAD_REQUEST', message);
    case 4500:
      return new WeftServerError('INTERNAL_SERVER_ERROR', message);
    default:
      return new WeftConnectionError(message, false);
  }
}
