import { promises as dns, type LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import { coerceError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logger.ts';
import type { SandboxServiceStatus } from '../backend.ts';
import { BASE_PATH } from '../service/protocol.ts';
import { type ClientLimits, type Reservation, ServiceEndpoint } from './endpoint.ts';
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

/** All sandbox services, one for each address of each URL; selects the least busy one. */
export class Services implements Disposable {
  private readonly endpoints = new Map<string, ServiceEndpoint>();
  private readonly unresolved = new Map<string, string>();
  private timer: NodeJS.Timeout | undefined;
  private isClosed = false;
  /** Resolves when a service comes up, and is then replaced by a new promise. */
  private wentUp = Promise.withResolvers<void>();

  constructor(private readonly options: ServicesOptions) {}

  /** Looks up the host names, now and then regularly, and resolves after the first health check of each service. */
  async open(): Promise<void> {
    await this.refresh();
    await Promise.all(this.all().map((endpoint) => endpoint.check()));
  }

  up(): ServiceEndpoint[] {
    return this.all().filter((endpoint) => endpoint.isUp);
  }

  /**
   * Reserves a run on the service that this run has tried least often, and among those on the least busy one; on the
   * preferred one where the run has tried none, unless another one would start it sooner. Where no
   * service is up, waits a while for one. A reservation counts at once, so that runs which begin together are spread.
   * @throws ServiceFault `unreached` where none came up, and the signal's reason
   */
  async reserve(
    signal: AbortSignal,
    tries: Tries,
    preferred: ServiceEndpoint | null = null,
  ): Promise<Reservation> {
    signal.throwIfAborted();
    for (let isWaiting = false; ; isWaiting = true) {
      const isPreferred = tries.size === 0 && preferred?.isUp && preferred.load < 1;
      const endpoint = isPreferred ? preferred : leastBusy(this.up(), tries);
      if (endpoint) return endpoint.reserve();
      if (isWaiting) throw new ServiceFault('unreached', this.problems());
      await this.someUp(signal);
    }
  }

  /** The reasons why no service is up. */
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

  /** Resolves when a service is up, or after `waitMs`. Checks all at once; each then repeats its check by itself. */
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

  // cannot reject: a name that is not found is noted for the next refresh
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
      this.replaceEndpoints(url, addresses);
    } catch (error) {
      // Addresses that an earlier look-up found may still work.
      if (![...this.endpoints.keys()].some((key) => key.startsWith(`${url.href} `)))
        this.unresolved.set(text, coerceError(error).message);
    }
  }

  /** Only IPv4 addresses where there are any: a service that has one of each family must not count twice. */
  private async addressesOf(url: URL): Promise<(LookupAddress | null)[]> {
    const hostname = url.hostname.replace(/^\[(.*)\]$/, '$1');
    if (isIP(hostname) !== 0) return [null];
    const found = await (this.options.resolve ?? lookUp)(hostname);
    const family = found.some((address) => address.family === 4) ? 4 : 6;
    return found.filter((address) => address.family === family);
  }

  private replaceEndpoints(url: URL, addresses: (LookupAddress | null)[]): void {
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

/** Adds the default path to a URL without a path. */
function serviceUrl(text: string): URL {
  const url = new URL(text);
  if (url.pathname === '/') url.pathname = BASE_PATH;
  while (url.pathname.length > 1 && url.pathname.endsWith('/')) url.pathname = url.pathname.slice(0, -1);
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
