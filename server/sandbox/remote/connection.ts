import type { LookupFunction } from 'node:net';
import { type Dispatcher, Pool } from 'undici';
import type { z } from 'zod';
import { coerceError } from '../../shared/errors.ts';
import { refusalSchema } from '../service/protocol.ts';
import { Answer } from './answer.ts';
import { ServiceFault } from './fault.ts';
import { parseMessage } from './lines.ts';

export interface ServiceAddress {
  /** Up to and with `/sandbox/v1`. */
  url: URL;
  /** Of the several that the URL's name has; null where the URL has an address itself. */
  address: { address: string; family: number } | null;
}

export interface ConnectionOptions extends ServiceAddress {
  token: string | undefined;
}

export interface Exchange {
  method: 'GET' | 'POST' | 'DELETE';
  path: string;
  /** Sent as JSON. */
  body?: object | undefined;
  /** Until the answer begins; for `ask` until it is complete. Milliseconds. */
  withinMs: number;
  signal?: AbortSignal | undefined;
}

const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
const MAX_REFUSAL_BYTES = 64 * 1024;

/**
 * HTTP with one address of one service, over connections that are kept. By undici, and below its `request`: it adds
 * about a sixth less to a run on loopback than Node's own client (bench/remote-overhead.ts).
 */
export class ServiceConnection implements Disposable {
  private readonly pool: Pool;
  /** Connections, ever. */
  private opened = 0;

  constructor(private readonly options: ConnectionOptions) {
    const { url, address } = options;
    this.pool = new Pool(url.origin, {
      allowH2: false,
      // How long a request may take is told by each.
      headersTimeout: 0,
      bodyTimeout: 0,
      ...(address && { connect: { lookup: fixedLookup(address) } }),
    });
    this.pool.on('connect', () => {
      this.opened += 1;
    });
  }

  /** A question with one whole answer. @throws ServiceFault */
  async ask<Message>(schema: z.ZodType<Message>, exchange: Exchange): Promise<Message> {
    const late = AbortSignal.timeout(exchange.withinMs);
    const signal = exchange.signal ? AbortSignal.any([late, exchange.signal]) : late;
    const answer = await this.send({ ...exchange, signal });
    try {
      return parseMessage(schema, await readText(answer, MAX_ANSWER_BYTES, signal));
    } catch (error) {
      if (error instanceof ServiceFault) throw error;
      throw new ServiceFault(
        'unreached',
        `its answer did not come whole: ${coerceError(error).message}`,
        error,
      );
    }
  }

  /** Resolves when a good answer begins; the caller reads it. @throws ServiceFault, `refused` or `unreached` */
  async send(exchange: Exchange): Promise<Answer> {
    const text = exchange.body === undefined ? null : JSON.stringify(exchange.body);
    for (;;) {
      const answer = await this.sendOnce(exchange, text);
      if (answer === 'stale') continue;
      if (answer.statusCode === 200) return answer;
      throw await faultOf(answer);
    }
  }

  [Symbol.dispose](): void {
    void this.pool.destroy();
  }

  /** `stale`: a kept connection turned out to be closed; each try uses up one, and the last is a new one. */
  private async sendOnce(exchange: Exchange, text: string | null): Promise<Answer | 'stale'> {
    const { signal, withinMs } = exchange;
    if (signal?.aborted) throw new ServiceFault('unreached', 'the request was taken back', signal.reason);
    const { opened } = this;
    const { promise, resolve, reject } = Promise.withResolvers<Answer | 'stale'>();
    let controller: Dispatcher.DispatchController | undefined;
    let answer: Answer | undefined;
    let givenUp: Error | undefined;
    const settled = () => {
      clearTimeout(late);
      signal?.removeEventListener('abort', onAbort);
    };
    const fail = (error: NodeJS.ErrnoException) => {
      settled();
      // It was sent, over a connection that was there before.
      const isReused = controller !== undefined && this.opened === opened;
      if (isReused && STALE_CODES.has(error.code ?? '')) resolve('stale');
      else reject(new ServiceFault('unreached', error.message || String(error.code), error));
    };
    const giveUp = (error: Error) => {
      givenUp = error;
      controller?.abort(error);
      fail(error);
    };
    const late = setTimeout(() => giveUp(new Error(`it did not answer within ${withinMs} ms`)), withinMs);
    const onAbort = () => giveUp(coerceError(signal?.reason));
    signal?.addEventListener('abort', onAbort, { once: true });
    this.pool.dispatch(this.requestOf(exchange, text), {
      onRequestStart(started) {
        controller = started;
        if (givenUp) controller.abort(givenUp);
      },
      onResponseStart(started, statusCode) {
        settled();
        answer = new Answer(statusCode, started);
        resolve(answer);
      },
      onResponseData: (_, chunk) => answer!.take(chunk),
      onResponseEnd: () => answer!.end(null),
      onResponseError: (_, error) => (answer ? answer.end(error) : fail(error)),
    });
    return promise;
  }

  private requestOf({ method, path }: Exchange, text: string | null): Dispatcher.DispatchOptions {
    const { url, token } = this.options;
    return {
      method,
      path: `${url.pathname}/${path}`,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(text !== null && { 'content-type': 'application/json' }),
      },
      body: text,
    };
  }
}

const STALE_CODES = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

/** The name stays in the Host header and in the TLS handshake; only the address is ours to choose. */
function fixedLookup({ address, family }: { address: string; family: number }): LookupFunction {
  return (_hostname, options, callback) => {
    if (options.all) callback(null, [{ address, family }]);
    else callback(null, address, family);
  };
}

/** What is wrong with the request itself would be wrong for another service too. */
const REFUSED_STATUSES = new Set([400, 413, 415]);

async function faultOf(answer: Answer): Promise<ServiceFault> {
  const { statusCode } = answer;
  const kind = REFUSED_STATUSES.has(statusCode) ? 'refused' : 'unreached';
  return new ServiceFault(kind, `it answered ${statusCode}: ${await wordsOf(answer)}`);
}

/** The refusal's own words, or a piece of whatever came instead. */
async function wordsOf(answer: Answer): Promise<string> {
  try {
    const text = await readText(answer, MAX_REFUSAL_BYTES, AbortSignal.timeout(REFUSAL_MS));
    try {
      return parseMessage(refusalSchema, text).errors[0]!.message;
    } catch {
      return text.slice(0, 200);
    }
  } catch {
    return 'and nothing that could be read';
  }
}

const REFUSAL_MS = 1_000;

async function readText(answer: Answer, maxBytes: number, signal: AbortSignal): Promise<string> {
  const onAbort = () => answer.destroy(coerceError(signal.reason));
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const chunks: Buffer[] = [];
    let size = 0;
    for (let chunk = await answer.next(); chunk !== null; chunk = await answer.next()) {
      size += chunk.length;
      if (size > maxBytes) throw new ServiceFault('broken', `it answered more than ${maxBytes} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  } catch (error) {
    answer.destroy(coerceError(error));
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
