import { Agent, type IncomingMessage, type RequestOptions, request as requestHttp } from 'node:http';
import { request as requestHttps, Agent as TlsAgent } from 'node:https';
import type { LookupFunction } from 'node:net';
import { urlToHttpOptions } from 'node:url';
import type { z } from 'zod';
import { coerceError } from '../../shared/errors.ts';
import { refusalSchema } from '../service/protocol.ts';
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

const MAX_FREE_SOCKETS = 256;
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
const MAX_REFUSAL_BYTES = 64 * 1024;

/** HTTP with one address of one service, over connections that are kept. */
export class ServiceConnection implements Disposable {
  private readonly agent: Agent;
  private readonly request: typeof requestHttp;
  /** The same for every request: parsing a URL costs as much as sending one. */
  private readonly target: RequestOptions;

  constructor(private readonly options: ConnectionOptions) {
    const isTls = options.url.protocol === 'https:';
    const agentOptions = { keepAlive: true, maxFreeSockets: MAX_FREE_SOCKETS };
    this.agent = isTls ? new TlsAgent(agentOptions) : new Agent(agentOptions);
    this.request = isTls ? requestHttps : requestHttp;
    const lookup = options.address === null ? undefined : fixedLookup(options.address);
    this.target = { ...urlToHttpOptions(options.url), agent: this.agent, lookup };
  }

  /** A question with one whole answer. @throws ServiceFault */
  async ask<Answer>(schema: z.ZodType<Answer>, exchange: Exchange): Promise<Answer> {
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
  async send(exchange: Exchange): Promise<IncomingMessage> {
    const text = exchange.body === undefined ? undefined : JSON.stringify(exchange.body);
    for (;;) {
      const answer = await this.sendOnce(exchange, text);
      if (answer === 'stale') continue;
      if (answer.statusCode === 200) return answer;
      throw await faultOf(answer);
    }
  }

  [Symbol.dispose](): void {
    this.agent.destroy();
  }

  /** `stale`: a kept connection turned out to be closed; each try uses up one, and the last is a new one. */
  private async sendOnce(exchange: Exchange, text: string | undefined): Promise<IncomingMessage | 'stale'> {
    const { token } = this.options;
    const { signal } = exchange;
    if (signal?.aborted) throw new ServiceFault('unreached', 'the request was taken back', signal.reason);
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage | 'stale'>();
    const request = this.request({
      ...this.target,
      path: `${this.options.url.pathname}/${exchange.path}`,
      method: exchange.method,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(text !== undefined && { 'content-type': 'application/json' }),
      },
    });
    const late = setTimeout(() => {
      request.destroy(new Error(`it did not answer within ${exchange.withinMs} ms`));
    }, exchange.withinMs);
    // Not the request's own `signal` option: that would still break the connection while the answer is read.
    const onAbort = () => request.destroy(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    const settled = () => {
      clearTimeout(late);
      signal?.removeEventListener('abort', onAbort);
    };
    request.once('response', (answer) => {
      settled();
      resolve(answer);
    });
    request.on('error', (error: NodeJS.ErrnoException) => {
      settled();
      if (request.reusedSocket && STALE_CODES.has(error.code ?? '')) resolve('stale');
      else reject(new ServiceFault('unreached', error.message || String(error.code), error));
    });
    request.end(text);
    return promise;
  }
}

const STALE_CODES = new Set(['ECONNRESET', 'EPIPE']);

/** The name stays in the Host header and in the TLS handshake; only the address is ours to choose. */
function fixedLookup({ address, family }: { address: string; family: number }): LookupFunction {
  return (_hostname, options, callback) => {
    if (options.all) callback(null, [{ address, family }]);
    else callback(null, address, family);
  };
}

/** What is wrong with the request itself would be wrong for another service too. */
const REFUSED_STATUSES = new Set([400, 413, 415]);

async function faultOf(answer: IncomingMessage): Promise<ServiceFault> {
  const { statusCode = 0 } = answer;
  const kind = REFUSED_STATUSES.has(statusCode) ? 'refused' : 'unreached';
  return new ServiceFault(kind, `it answered ${statusCode}: ${await wordsOf(answer)}`);
}

/** The refusal's own words, or a piece of whatever came instead. */
async function wordsOf(answer: IncomingMessage): Promise<string> {
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

async function readText(answer: IncomingMessage, maxBytes: number, signal: AbortSignal): Promise<string> {
  const onAbort = () => answer.destroy(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBytes) throw new ServiceFault('broken', `it answered more than ${maxBytes} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
