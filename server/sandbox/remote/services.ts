import { promises as dns, type LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import { coerceError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logger.ts';
import type { SandboxServiceStatus } from '../backend.ts';
import { BASE_PATH } from '../service/protocol.ts';
import { type ClientLimits, type Place, ServiceEndpoint } from './endpoint.ts';
import { ServiceFault } from './fault.ts';

export interface ServicesOptions {
  urls: readonly string[];
  token: string | undefined;
  limits: ClientLimits;
  resolve?: ((hostname: string) => Promise<LookupAddress[]>) | undefined;
  logger: Logger;
}

/** How often one run has tried each service. */
export type Tries = ReadonlyMap<ServiceEndpoint, number>;

/** The sandbox services there are: one for each address of each URL, and which of them is the least busy. */
export class Services implements Disposable {
  private readonly endpoints = new Map<string, ServiceEndpoint>();
  private readonly unresolved = new Map<string, string>();
  private timer: NodeJS.Timeout | undefined;
  private isClosed = false;
  /** Resolves when a service goes up, and is another promise from then on. */
  private wentUp = Promise.withResolvers<void>();

  constructor(private readonly options: ServicesOptions) {}

  /** Looks the names up, now and from now on, and resolves when each service has been asked how it is. */
  async open(): Promise<void> {
    await this.refresh();
    await Promise.all(this.all().map((endpoint) => endpoint.check()));
  }

  up(): ServiceEndpoint[] {
    return this.all().filter((endpoint) => endpoint.isUp);
  }

  /**
   * Takes a place on the least busy service that is up, of those that were tried the least; where none is up, waits a
   * while for one. Counted at once, so that runs which begin together are spread.
   * @throws ServiceFault `unreached` where none came up, and the signal's reason
   */
  async take(signal: AbortSignal, tries: Tries): Promise<Place> {
    signal.throwIfAborted();
    for (let isWaiting = false; ; isWaiting = true) {
      const endpoint = leastBusy(this.up(), tries);
      if (endpoint) return endpoint.take();
      if (isWaiting) throw new ServiceFault('unreached', this.problems());
      await this.someUp(signal);
    }
  }

  /** Why none is up. */
  problems(): string {
    const each = this.statuses().map(({ url, problem }) => `${url}: ${problem}.`);
    return `No sandbox service can be reached. ${each.join(' ')}`;
  }

  statuses(): SandboxServiceStatus[] {
    const unresolved = [...this.unresolved].map(([url, problem]) => ({
      url,
      isUp: false,
      problem,
      ...NOTHING,
    }));
    return [...this.all().map(({ status }) => status), ...unresolved];
  }

  [Symbol.dispose](): void {
    this.isClosed = true;
    clearTimeout(this.timer);
    for (const endpoint of this.endpoints.values()) endpoint[Symbol.dispose]();
    this.endpoints.clear();
  }

  /** Resolves when one is up, or when it took too long. Asks all at once; those that fail are asked again at their own pace. */
  private async someUp(signal: AbortSignal): Promise<void> {
    const over = AbortSignal.any([signal, AbortSignal.timeout(this.options.limits.waitMs)]);
    if (this.unresolved.size > 0) void this.refresh();
    for (const endpoint of this.all()) void endpoint.check();
    while (this.up().length === 0 && !over.aborted) await unlessAborted(this.wentUp.promise, over);
    signal.throwIfAborted();
  }

  private all(): ServiceEndpoint[] {
    return [...this.endpoints.values()];
  }

  private onUp(): void {
    this.wentUp.resolve();
    this.wentUp = Promise.withResolvers<void>();
  }

  private async refresh(): Promise<void> {
    await Promise.all(this.options.urls.map((url) => this.refreshUrl(url)));
    clearTimeout(this.timer);
    if (!this.isClosed)
      this.timer = setTimeout(() => void this.refresh(), this.options.limits.checkMs).unref();
  }

  private async refreshUrl(text: string): Promise<void> {
    const url = serviceUrl(text);
    try {
      const addresses = await this.addressesOf(url);
      this.unresolved.delete(text);
      this.settle(url, addresses);
    } catch (error) {
      // Those that were found earlier may well be there still.
      if (![...this.endpoints.keys()].some((key) => key.startsWith(`${url.href} `)))
        this.unresolved.set(text, coerceError(error).message);
    }
  }

  /** IPv4 where there is any: a service has an address of either kind, and must not count twice. */
  private async addressesOf(url: URL): Promise<(LookupAddress | null)[]> {
    const hostname = url.hostname.replace(/^\[(.*)\]$/, '$1');
    if (isIP(hostname) !== 0) return [null];
    const found = await (this.options.resolve ?? lookUp)(hostname);
    const family = found.some((address) => address.family === 4) ? 4 : 6;
    return found.filter((address) => address.family === family);
  }

  private settle(url: URL, addresses: (LookupAddress | null)[]): void {
    if (this.isClosed) return;
    const wanted = new Map(addresses.map((address) => [`${url.href} ${address?.address ?? ''}`, address]));
    for (const [key, endpoint] of this.endpoints) {
      if (!key.startsWith(`${url.href} `) || wanted.has(key)) continue;
      this.endpoints.delete(key);
      endpoint[Symbol.dispose]();
    }
    for (const [key, address] of wanted) {
      if (this.endpoints.has(key)) continue;
      const endpoint = new ServiceEndpoint({ ...this.options, url, address, onUp: () => this.onUp() });
      this.endpoints.set(key, endpoint);
      void endpoint.check();
    }
  }
}

const NOTHING = { running: 0, waiting: 0, max: 0 };

function leastBusy(endpoints: readonly ServiceEndpoint[], tries: Tries): ServiceEndpoint | undefined {
  const freshest = leastBy(endpoints, (endpoint) => tries.get(endpoint) ?? 0);
  const least = leastBy(freshest, (endpoint) => endpoint.load);
  return least[Math.floor(Math.random() * least.length)];
}

function leastBy<Item>(items: readonly Item[], measure: (item: Item) => number): Item[] {
  const least = Math.min(...items.map(measure));
  return items.filter((item) => measure(item) === least);
}

/** A URL without a path is one of a service at its usual place. */
function serviceUrl(text: string): URL {
  const url = new URL(text);
  url.pathname = url.pathname === '/' ? BASE_PATH : url.pathname.replace(/\/+$/, '');
  return url;
}

function lookUp(hostname: string): Promise<LookupAddress[]> {
  return dns.lookup(hostname, { all: true });
}

/** Resolves with the promise, or when the signal aborts. */
function unlessAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise: aborted, resolve } = Promise.withResolvers<void>();
  const onAbort = () => resolve();
  signal.addEventListener('abort', onAbort, { once: true });
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener('abort', onAbort));
}
