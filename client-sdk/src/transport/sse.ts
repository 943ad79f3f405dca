import { errorOfGraphql, WeftConnectionError } from '../errors.ts';
import type { Settings } from '../options.ts';
import { errorOfAnswer, operationName, requestHeaders, send } from './http.ts';
import type { Transport } from './transport.ts';

/**
 * Server-sent events over `fetch`, one request for one subscription (the "distinct connections" mode of graphql-sse).
 * It is read at the consumer's speed: TCP makes the server wait.
 */
export function openSse(settings: Settings): Transport {
  return {
    async *subscribe(document, variables, { signal, onOpen }) {
      const life = watchLife(settings, signal, operationName(document));
      try {
        const headers = await requestHeaders(settings, 'text/event-stream');
        const response = await send(settings, document, variables, headers, life.signal);
        if (!isEventStream(response)) throw await errorOfAnswer(response, life.signal);
        for await (const { event, data } of parseEvents(chunksOf(response, life, onOpen))) {
          if (event === 'complete') return;
          if (event !== 'next') continue;
          const result = JSON.parse(data);
          if (result.errors) throw errorOfGraphql(result.errors);
          yield result.data;
        }
        throw new WeftConnectionError('The stream of events broke off.', true);
      } finally {
        life.end();
      }
    },
  };
}

function isEventStream(response: Response): boolean {
  return response.ok && (response.headers.get('content-type') ?? '').startsWith('text/event-stream');
}

/** A signal that aborts with the consumer's, when the stream does not open in time, and when it falls silent. */
function watchLife({ timeouts }: Settings, signal: AbortSignal, operation: string) {
  signal.throwIfAborted();
  const controller = new AbortController();
  const onAbort = () => controller.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const expectWithin = (ms: number, reached: boolean) => {
    clearTimeout(timer);
    const message = `Expected a sign of life on the stream of ${operation} within ${ms} ms, got none.`;
    timer = setTimeout(() => controller.abort(new WeftConnectionError(message, reached)), ms);
  };
  expectWithin(timeouts.connectMs, true);
  return {
    signal: controller.signal,
    expectMore: () => expectWithin(timeouts.silenceMs, true),
    /** While the consumer is busy nothing is read, so nothing can be expected. */
    rest: () => clearTimeout(timer),
    end() {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      controller.abort(); // closes the connection
    },
  };
}

async function* chunksOf(
  response: Response,
  life: ReturnType<typeof watchLife>,
  onOpen: () => void,
): AsyncGenerator<string> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  for (let isFirst = true; ; isFirst = false) {
    const { done, value } = await reader.read().catch((cause: unknown) => {
      if (life.signal.aborted) throw life.signal.reason;
      throw new WeftConnectionError('The stream of events broke off.', true, { cause });
    });
    if (done) return;
    if (isFirst) onOpen();
    life.rest();
    yield value;
    life.expectMore();
  }
}

/** The events of a stream as the server writes them: fields in lines, a blank line after each event, `\n` alone. */
async function* parseEvents(chunks: AsyncIterable<string>): AsyncGenerator<{ event: string; data: string }> {
  let text = '';
  for await (const chunk of chunks) {
    text += chunk;
    let from = 0;
    for (let to = text.indexOf('\n\n'); to >= 0; to = text.indexOf('\n\n', from)) {
      yield parseEvent(text.slice(from, to));
      from = to + 2;
    }
    text = text.slice(from);
  }
}

function parseEvent(block: string): { event: string; data: string } {
  const found = { event: 'message', data: '' };
  for (const line of block.split('\n')) {
    if (line.startsWith('event:')) found.event = line.slice(6).trim();
    else if (line.startsWith('data:')) found.data += line.slice(5).trim();
  }
  return found;
}
