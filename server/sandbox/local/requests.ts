import type { Lookup } from '../../outbound/connector.ts';
import type { Outbound } from '../../outbound/outbound.ts';
import { checkedUrl, openOutbound } from '../../outbound/outbound.ts';
import { OutboundError } from '../../outbound/outbound-error.ts';
import { coerceError } from '../../shared/errors.ts';
import { addressesOf, refusalOf } from '../../shared/http/host-rules.ts';
import type { PythonRequest, PythonViolation } from '../backend.ts';
import type { CellFrame } from '../frames.ts';

/** What the operator lets the runs of this sandbox request. */
export interface RequestLimits {
  /** As host-rules.ts describes them. */
  openedHosts: readonly string[];
  /** Of one run. */
  maxRequests: number;
  /** Of the body of one response, as it is sent. */
  maxResponseBytes: number;
  /** Of one request and all of its response. */
  timeoutMs: number;
}

export const defaultRequestLimits: RequestLimits = {
  openedHosts: [],
  maxRequests: 1_000,
  maxResponseBytes: 64 * 1024 * 1024,
  timeoutMs: 60_000,
};

/** `lookup` is for tests. */
export function openRequestOutbound({ openedHosts }: RequestLimits, lookup?: Lookup): Outbound {
  return openOutbound({
    allowedHosts: addressesOf(openedHosts),
    lookup,
    remedy: (hostname, address) => `PYTHON_ALLOWED_HOSTS=${[...new Set([hostname, address])].join(',')}`,
  });
}

export interface RunRequestsOptions {
  /** What the node asks for. A cell says what it wants, and its word counts for nothing. */
  hosts: readonly string[];
  outbound: Outbound;
  limits: RequestLimits;
  /** See PythonRunOptions. */
  traceHeaders?: Readonly<Record<string, string>> | undefined;
  /** Resolves when the cell can be sent more. */
  send: (frame: object, signal?: AbortSignal) => Promise<unknown>;
  onRequest: (request: PythonRequest) => void;
  onRefused: (violation: PythonViolation) => void;
}

type FetchFrame = Extract<CellFrame, { kind: 'fetch' }>;

/**
 * The requests of one run. The server sends them, because a cell has no network, and judges each: its host here, its
 * address in outbound/connector.ts. The body of a response is passed on as it comes, so that the server holds a piece of
 * it at most. No redirect is followed: a library in the cell that follows one sends another request.
 */
export class RunRequests {
  private readonly active = new Map<number, ActiveRequest>();
  private count = 0;
  private activeBytes = 0;

  constructor(private readonly options: RunRequestsOptions) {}

  start(frame: FetchFrame): void {
    this.count += 1;
    const { number } = frame;
    try {
      this.admit(frame);
      const request = new ActiveRequest(frame, this.judgedUrl(frame), this.options);
      this.active.set(number, request);
      this.activeBytes += request.sentBytes;
      void request.ended.then(() => {
        this.active.delete(number);
        this.activeBytes -= request.sentBytes;
      });
    } catch (error) {
      this.options.send(failure(number, error)).catch(() => {}); // a cell that is gone gets no answer
    }
  }

  /** The program waits for it no longer. */
  abandon(number: number): void {
    this.active
      .get(number)
      ?.abort(new OutboundError('NETWORK', 'The program waited for it no longer.'), 'ABANDONED');
  }

  /** The run is over, or is being ended. */
  end(): void {
    for (const request of this.active.values())
      request.abort(new OutboundError('NETWORK', 'The run has ended.'), 'RUN_ENDED');
  }

  private admit({ number, body }: FetchFrame): void {
    const { maxRequests } = this.options.limits;
    if (this.count > maxRequests)
      throw new Refused(
        'TOO_MANY',
        `A run may send ${maxRequests} requests (PYTHON_MAX_REQUESTS); request more at once, or in several runs.`,
      );
    // An honest cell waits before it sends too much (python/network.py).
    const bytes = this.activeBytes + Buffer.byteLength(body ?? '', 'base64');
    if (this.active.has(number) || this.active.size >= MAX_AT_ONCE || bytes > MAX_ACTIVE_BYTES)
      throw new Refused(
        'TOO_MANY',
        `Expected at most ${MAX_AT_ONCE} requests of 16 MiB in all at once, got more.`,
      );
  }

  /** @throws Refused, OutboundError */
  private judgedUrl({ url: text }: FetchFrame): URL {
    const url = checkedUrl(text);
    const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
    const { hosts, limits, onRefused } = this.options;
    const refusal = refusalOf(url.hostname.replace(/^\[(.*)\]$/, '$1'), port, hosts, limits.openedHosts);
    if (refusal === null) return url;
    onRefused({
      code: 'PYTHON_SECURITY_ERROR',
      rule: 'host-not-allowed',
      layer: 'RUNTIME',
      message: refusal,
      line: null,
      column: null,
    });
    throw new Refused('HOST_NOT_ALLOWED', refusal);
  }
}

/** One request, from its start to the last byte of its response, of which the cell is told then. */
class ActiveRequest {
  readonly ended: Promise<void>; // cannot reject: how it ended is what it reports
  readonly sentBytes: number;
  private readonly body: Buffer | null;
  private readonly stopping = new AbortController();
  private readonly startedAt = performance.now();
  private status: number | null = null;
  private receivedBytes = 0;
  private isReported = false;

  constructor(
    private readonly frame: FetchFrame,
    private readonly url: URL,
    private readonly options: RunRequestsOptions,
  ) {
    this.body = frame.body === null ? null : Buffer.from(frame.body, 'base64');
    this.sentBytes = this.body?.length ?? 0;
    this.ended = this.perform();
  }

  /** Reports it at once, so that the event comes before the outcome of the run. */
  abort(reason: OutboundError, code: string): void {
    this.report(code);
    this.stopping.abort(reason);
  }

  private async perform(): Promise<void> {
    const { timeoutMs } = this.options.limits;
    const late = setTimeout(() => this.stopping.abort(timedOut(timeoutMs)), timeoutMs);
    const { signal } = this.stopping;
    const error = await this.passOn().then(
      () => null,
      (thrown) => (signal.aborted ? signal.reason : thrown),
    );
    clearTimeout(late);
    this.report(error === null ? null : codeOf(error));
    this.tellEnd(error);
  }

  /** Does not wait for the cell to read it: as soon as it has, it may send the next request in the place of this one. */
  private tellEnd(error: unknown): void {
    const { number } = this.frame;
    const last = error === null ? { kind: 'end', number, isLast: true } : failure(number, error);
    this.options.send(last).catch(() => {}); // a cell that is gone gets no answer
  }

  private async passOn(): Promise<void> {
    const { number, method, headers } = this.frame;
    const { outbound, limits, send, traceHeaders = {} } = this.options;
    const { signal } = this.stopping;
    const hasTrace = headers.some(([name]) => /^traceparent$/i.test(name));
    const added = hasTrace ? [] : Object.entries(traceHeaders);
    const sent = [...headers.filter(([name]) => !OF_THE_CONNECTION.test(name)), ...added].flat();
    const { url, body } = this;
    const response = await outbound.open({ method, url, headers: sent, body, signal });
    this.status = response.status;
    const kept = response.headers.filter(([name]) => !OF_THE_CONNECTION_BACK.test(name));
    await send({ kind: 'response', number, status: response.status, headers: kept }, signal);
    for await (const chunk of response.body) {
      this.receivedBytes += chunk.length;
      if (this.receivedBytes > limits.maxResponseBytes) {
        const error = tooLarge(limits.maxResponseBytes);
        this.stopping.abort(error);
        throw error;
      }
      for (let at = 0; at < chunk.length; at += PIECE_BYTES)
        await send({ kind: 'chunk', number, data: chunk.toString('base64', at, at + PIECE_BYTES) }, signal);
    }
  }

  private report(failureCode: string | null): void {
    if (this.isReported) return;
    this.isReported = true;
    const { sentBytes, receivedBytes } = this;
    this.options.onRequest({
      host: this.url.host,
      method: this.frame.method,
      httpStatus: this.status,
      sentBytes,
      receivedBytes,
      durationMs: performance.now() - this.startedAt,
      failureCode,
    });
  }
}

/** As in python/network.py. */
const MAX_AT_ONCE = 8;
const MAX_ACTIVE_BYTES = 16 * 1024 * 1024;
const PIECE_BYTES = 48 * 1024;

/** The host is that of the URL, which was judged; the others are of the server's own connection. */
const OF_THE_CONNECTION =
  /^(?:host|connection|keep-alive|transfer-encoding|content-length|upgrade|te|trailer|expect|proxy-.*)$/i;
const OF_THE_CONNECTION_BACK = /^(?:connection|keep-alive|transfer-encoding|upgrade|trailer)$/i;

/** The request was never sent. */
class Refused extends Error {
  constructor(
    readonly code: 'HOST_NOT_ALLOWED' | 'TOO_MANY',
    message: string,
  ) {
    super(message);
  }
}

function failure(number: number, thrown: unknown): object {
  const { message } = coerceError(thrown);
  return { kind: 'failure', number, code: codeOf(thrown), message, isLast: true };
}

function codeOf(error: unknown): string {
  return error instanceof OutboundError || error instanceof Refused ? error.code : 'NETWORK';
}

function timedOut(timeoutMs: number): OutboundError {
  const seconds = timeoutMs / 1_000;
  return new OutboundError(
    'TIMEOUT',
    `No whole response came within ${seconds} s (PYTHON_REQUEST_TIMEOUT_SECONDS).`,
    true,
  );
}

function tooLarge(maxBytes: number): OutboundError {
  const mib = maxBytes / 1024 / 1024;
  return new OutboundError(
    'TOO_LARGE',
    `Expected a response of at most ${mib} MiB (PYTHON_MAX_RESPONSE_MB), got more.`,
  );
}
