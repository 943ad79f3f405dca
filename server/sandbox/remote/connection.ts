import type { LookupFunction } from 'node:net';
import { Readable } from 'node:stream';
import { type Dispatcher, Pool } from 'undici';
import type { z } from 'zod';
import { coerceError } from '../../shared/errors.ts';
import { FILE_NAME_HEADER, refusalSchema } from '../service/protocol.ts';
import { Answer } from './answer.ts';
import { ServiceFault } from './fault.ts';
import { parseMessage } from './lines.ts';

export interface ServiceAddress {
  /** Including `/sandbox/v1`. */
  url: URL;
  /** One of the addresses of the URL's host name; null where the URL itself has an address. */
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
  /** Sent instead; may be read again where a connection turns out to be closed. */
  file?: { name: string; sizeBytes: number; content: AsyncIterable<Buffer> } | undefined;
  /** Limit until the answer begins, and for `request` until it is complete, milliseconds. */
  withinMs: number;
  signal?: AbortSignal | undefined;
}

const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
const MAX_REFUSAL_BYTES = 64 * 1024;

/**
 * HTTP with one address of one service, over connections that are kept open. Uses undici's `dispatch`, because it adds
 * a sixth less to a run on loopback than Node's own client (bench/remote-overhead.ts).
 */
export class ServiceConnection implements Disposable {
  private readonly pool: Pool;
  /** How many connections were ever opened. */
  private opened = 0;

  constructor(private readonly options: ConnectionOptions) {
    const { url, address } = options;
    this.pool = new Pool(url.origin, {
      allowH2: false,
      // Each request has its own time limits.
      headersTimeout: 0,
      bodyTimeout: 0,
      ...(address && { connect: { lookup: fixedLookup(address) } }),
    });
    this.pool.on('connect', () => {
      this.opened += 1;
    });
  }

  /** Sends a request and resolves with the whole parsed answer. @throws ServiceFault */
  async request<Message>(schema: z.ZodType<Message>, exchange: Exchange): Promise<Message> {
    const late = AbortSignal.timeout(exchange.withinMs);
    const signal = exchange.signal ? AbortSignal.any([late, exchange.signal]) : late;
    const answer = await this.send({ ...exchange, signal });
    try {
      return parseMessage(schema, await readText(answer, MAX_ANSWER_BYTES, signal));
    } catch (error) {
      if (error instanceof ServiceFault) throw error;
      throw new ServiceFault('unreached', `its answer is incomplete: ${coerceError(error).message}`, error);
    }
  }

  /** Resolves when an answer with status 200 begins; the caller reads it. @throws ServiceFault */
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
    void this.pool.destroy().catch(() => {}); // nothing uses it any more
  }

  /** `stale`: a kept connection was closed already. Each attempt removes one of those, until a new one is opened. */
  private async sendOnce(exchange: Exchange, text: string | null): Promise<Answer | 'stale'> {
    const { signal, withinMs } = exchange;
    if (signal?.aborted) throw new ServiceFault('unreached', 'the request was aborted', signal.reason);
    const { opened } = this;
    const { promise, resolve, reject } = Promise.withResolvers<Answer | 'stale'>();
    let controller: Dispatcher.DispatchController | undefined;
    let answer: Answer | undefined;
    let abandonedFor: Error | undefined;
    const settled = () => {
      clearTimeout(late);
      signal?.removeEventListener('abort', onAbort);
    };
    const fail = (error: NodeJS.ErrnoException) => {
      settled();
      // The request was sent over a connection that had been open before.
      const isReused = controller !== undefined && this.opened === opened;
      if (isReused && STALE_CODES.has(error.code ?? '')) resolve('stale');
      else reject(new ServiceFault('unreached', error.message || String(error.code), error));
    };
    const abandon = (error: Error) => {
      abandonedFor = error;
      controller?.abort(error);
      fail(error);
    };
    const late = setTimeout(() => abandon(new Error(`it did not answer within ${withinMs} ms`)), withinMs);
    const onAbort = () => abandon(coerceError(signal?.reason));
    signal?.addEventListener('abort', onAbort, { once: true });
    this.pool.dispatch(this.requestOf(exchange, text), {
      onRequestStart(started) {
        controller = started;
        if (abandonedFor) controller.abort(abandonedFor);
      },
      onResponseStart(started, statusCode) {
        settled();
        answer = new Answer(statusCode, started);
        resolve(answer);
      },
      onResponseData: (_, chunk) => answer!.receive(chunk),
      onResponseEnd: () => answer!.finish(null),
      onResponseError: (_, error) => (answer ? answer.finish(error) : fail(error)),
    });
    return promise;
  }

  private requestOf({ method, path, file }: Exchange, text: string | null): Dispatcher.DispatchOptions {
    const { url, token } = this.options;
    return {
      method,
      path: `${url.pathname}/${path}`,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(text !== null && { 'content-type': 'application/json' }),
        ...(file && {
          'content-type': 'application/octet-stream',
          'content-length': String(file.sizeBytes),
          [FILE_NAME_HEADER]: encodeURIComponent(file.name),
        }),
      },
      body: file ? Readable.from(file.content) : text,
    };
  }
}

const STALE_CODES = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

/** Fixes only the address; the Host header and the TLS handshake keep the host name. */
function fixedLookup({ address, family }: { address: string; family: number }): LookupFunction {
  return (_hostname, options, callback) => {
    if (options.all) callback(null, [{ address, family }]);
    else callback(null, address, family);
  };
}

/** The request itself is wrong, and another service would refuse it as well. */
const REFUSED_STATUSES = new Set([400, 413, 415]);

async function faultOf(answer: Answer): Promise<ServiceFault> {
  const { statusCode } = answer;
  const kind = REFUSED_STATUSES.has(statusCode) ? 'refused' : 'unreached';
  return new ServiceFault(kind, `it answered ${statusCode}: ${await messageOf(answer)}`);
}

/** The message of the refusal, or the start of whatever arrived instead. */
async function messageOf(answer: Answer): Promise<string> {
  try {
    const text = await readText(answer, MAX_REFUSAL_BYTES, AbortSignal.timeout(REFUSAL_MS));
    try {
      return parseMessage(refusalSchema, text).errors[0]!.message;
    } catch {
      return text.slice(0, 200);
    }
  } catch {
    return 'and nothing readable';
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
