import { errorOfGraphql, WeftConnectionError } from '../errors.ts';
import type { Settings } from '../options.ts';
import { errorOfResponse, operationName, requestHeaders, sendOperation } from './http.ts';
import type { Transport } from './transport.ts';

/**
 * Server-sent events over `fetch`, one request for each subscription (the "distinct connections" mode of graphql-sse).
 * The client reads at the consumer's speed, and TCP slows the server down. Own code: the client of graphql-sse reads
 * ahead without a bound, and would be a second dependency.
 */
export function openSse(settings: Settings): Transport {
  return {
    async *subscribe(document, variables, { signal, onOpen }) {
      const watchdog = watchLiveness(settings, signal, operationName(document));
      try {
        const headers = await requestHeaders(settings, 'text/event-stream');
        const response = await sendOperation(settings, document, variables, headers, watchdog.signal);
        if (!isEventStream(response)) throw await errorOfResponse(response, watchdog.signal);
        for await (const { event, data } of parseEvents(chunksOf(response, watchdog, onOpen))) {
          if (event === 'complete') return;
          if (event !== 'next') continue;
          const result = JSON.parse(data);
          if (result.errors) throw errorOfGraphql(result.errors);
          yield result.data;
        }
        throw new WeftConnectionError('The stream of events broke off.', true);
      } finally {
        watchdog.end();
      }
    },
  };
}

function isEventStream(response: Response): boolean {
  return response.ok && (response.headers.get('content-type') ?? '').startsWith('text/event-stream');
}

/** A signal that aborts with the consumer's, when the stream does not open in time, and when it is silent too long. */
function watchLiveness({ timeouts }: Settings, signal: AbortSignal, operation: string) {
  signal.throwIfAborted();
  const controller = new AbortController();
  const onAbort = () => controller.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const expectDataWithin = (ms: number) => {
    clearTimeout(timer);
    const message = `Expected data on the stream of ${operation} within ${ms} ms, got none.`;
    timer = setTimeout(() => controller.abort(new WeftConnectionError(message, true)), ms);
  };
  expectDataWithin(timeouts.connectMs);
  return {
    signal: controller.signal,
    /** While the consumer is busy, nobody reads the stream, so silence proves nothing. */
    pause: () => clearTimeout(timer),
    resume: () => expectDataWithin(timeouts.silenceMs),
    end() {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      controller.abort(); // closes the connection
    },
  };
}

async function* chunksOf(
  response: Response,
  watchdog: ReturnType<typeof watchLiveness>,
  onOpen: () => void,
): AsyncGenerator<string> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  for (let isFirst = true; ; isFirst = false) {
    const { done, value } = await reader.read().catch((cause: unknown) => {
      if (watchdog.signal.aborted) throw watchdog.signal.reason;
      throw new WeftConnectionError('The stream of events broke off.', true, { cause });
    });
    if (done) return;
    if (isFirst) onOpen();
    watchdog.pause();
    yield value;
    watchdog.resume();
  }
}

/** Parses events as a Weft server writes them: lines `field: value` that end with `\n`, and a blank line at the end. */
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
  const parsed = { event: 'message', data: '' };
  for (const line of block.split('\n')) {
    if (line.startsWith('event:')) parsed.event = line.slice(6).trim();
    else if (line.startsWith('data:')) parsed.data += line.slice(5).trim();
  }
  return parsed;
}
