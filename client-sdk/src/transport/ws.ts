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
import { makeBoundedQueue } from './bounded-queue.ts';
import type { Transport } from './transport.ts';
import { unreachableError } from './unreachable.ts';

/**
 * All subscriptions of a client share one WebSocket, which opens with the first and closes with the last. graphql-ws
 * must not reconnect by itself: it would subscribe from the first cursor again, and live-stream.ts knows the last.
 */
export function openWs(settings: Settings): Transport {
  const watchdog = watchSocket(settings, () => client.terminate());
  const client = createClient({
    url: settings.url.replace(/^http/, 'ws'),
    webSocketImpl: settings.WebSocket,
    lazy: true,
    retryAttempts: 0,
    keepAlive: settings.timeouts.silenceMs / 2,
    connectionParams: async () => {
      const authorization = await settings.authorization();
      const { project } = settings;
      return { ...(authorization && { authorization }), ...(project && { project }) };
    },
    on: watchdog.listeners,
  });

  return {
    async *subscribe(query, variables, { signal, onOpen, sizeOf }) {
      signal.throwIfAborted();
      const queue = makeBoundedQueue(sizeOf, () => unsubscribe());
      let wasOpen = false;
      const leaveSocket = watchdog.join(() => {
        wasOpen = true;
        onOpen();
      });
      const onAbort = () => queue.fail(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      const unsubscribe = client.subscribe(
        { query, variables: variables as Record<string, unknown> },
        {
          next: ({ data, errors }) =>
            errors ? queue.fail(errorOfGraphql(errors as GraphqlError[])) : queue.push(data as never),
          error: (problem) => queue.fail(errorOfProblem(problem, settings.url, wasOpen)),
          complete: queue.end,
        },
      );
      try {
        yield* queue.read();
      } finally {
        signal.removeEventListener('abort', onAbort);
        unsubscribe();
        leaveSocket();
      }
    },
  };
}

/** Terminates a socket that does not open in time, or is silent too long: a cut network does not close it by itself. */
function watchSocket({ timeouts }: Settings, terminate: () => void) {
  const openListeners = new Set<() => void>();
  let members = 0;
  let isOpen = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stopTimer = () => clearTimeout(timer);
  const terminateAfter = (ms: number) => {
    clearTimeout(timer);
    timer = setTimeout(terminate, ms);
  };
  const onClosed = () => {
    isOpen = false;
    stopTimer();
  };
  return {
    listeners: {
      connecting: () => terminateAfter(timeouts.connectMs),
      connected: () => {
        isOpen = true;
        stopTimer();
        for (const notify of openListeners) notify();
        openListeners.clear();
      },
      ping: (received: boolean) => {
        if (!received) terminateAfter(timeouts.silenceMs / 2);
      },
      message: () => {
        if (isOpen) stopTimer();
      },
      error: onClosed,
      closed: onClosed,
    },
    /**
     * Calls `onOpen` now, or once the socket has opened.
     * @returns what leaves again; the last to leave terminates a socket that is still opening
     */
    join(onOpen: () => void): () => void {
      members += 1;
      if (isOpen) onOpen();
      else openListeners.add(onOpen);
      return () => {
        members -= 1;
        openListeners.delete(onOpen);
        if (members === 0 && !isOpen) terminate();
      };
    },
  };
}

/** graphql-ws rejects with a close event, an error event, an error of the `token` function, or GraphQL errors. */
function errorOfProblem(problem: unknown, url: string, wasOpen: boolean): unknown {
  if (Array.isArray(problem)) return errorOfGraphql(problem);
  if (isCloseEvent(problem)) return errorOfClose(problem, url);
  if (problem instanceof Error) return problem; // of the `token` function
  if (wasOpen) return new WeftConnectionError(`The WebSocket to ${url} broke.`, false, { cause: problem });
  return unreachableError(`a WebSocket to ${url}`, url, problem);
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
      return new WeftAuthenticationError(reason || message);
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
