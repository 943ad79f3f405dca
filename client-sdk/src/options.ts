import type { Hooks } from './hooks.ts';
import type { TransportKind } from './transport/transport.ts';

export interface ClientOptions {
  /** Where the server is: `http://127.0.0.1:4000/graphql`, or without the path. In a page it may be relative. */
  url: string | URL;
  /** The server's API token, or a function that gives one for each request and each connection. */
  token?: string | undefined | (() => string | undefined | Promise<string | undefined>);
  /** Sent with each HTTP request, beside those that the client sets. */
  headers?: Record<string, string>;
  /** How events come. `auto` takes WebSockets, server-sent events where those are blocked, else it polls. */
  transport?: 'auto' | TransportKind;
  timeouts?: Partial<Timeouts>;
  /** How often a request that may be repeated safely is tried again; 5 unless given. */
  maxRetries?: number;
  /** What happens on the wire, for logs and traces. */
  hooks?: Hooks;
  /** Instead of the global `fetch`. */
  fetch?: typeof fetch;
  /** Instead of the global `WebSocket`, which Node has from version 22 on; without one, events come by SSE. */
  WebSocket?: WebSocketConstructor;
}

export interface Timeouts {
  /** For one answer to one request; 30000 unless given. */
  requestMs: number;
  /** For a stream of events to open; 10000 unless given. */
  connectMs: number;
  /** For a sign of life on an open stream, where the server gives one every 15000 at least; 45000 unless given. */
  silenceMs: number;
  /** For a stream that is lost to be found again before it fails; 600000 unless given, Infinity for no end. */
  reconnectMs: number;
}

/** The part of the WebSocket class that is used: browsers', Node's, Deno's, Bun's and that of the `ws` package fit. */
export type WebSocketConstructor = new (url: string, protocols?: string | string[]) => object;

/** The options with everything decided. */
export interface Settings {
  url: string;
  fetch: typeof fetch;
  WebSocket: WebSocketConstructor | undefined;
  transports: readonly TransportKind[];
  timeouts: Timeouts;
  maxRetries: number;
  hooks: Hooks;
  headers: Record<string, string>;
  /** The value of the `authorization` header. */
  authorization(): Promise<string | undefined>;
}

/** @throws TypeError for a `url` that is none, and where `transport: 'ws'` is asked for without a WebSocket class */
export function settle(options: ClientOptions): Settings {
  const { token, transport = 'auto', headers = {}, hooks = {}, maxRetries = 5 } = options;
  const WebSocket = options.WebSocket ?? (globalThis.WebSocket as WebSocketConstructor | undefined);
  if (transport === 'ws' && WebSocket === undefined) {
    throw new TypeError(
      'Expected a WebSocket class for `transport: "ws"`, got none: this runtime has no global one. ' +
        'Give one as `WebSocket` (Node 20: that of the `ws` package), or leave the transport to `auto`.',
    );
  }
  return {
    url: resolveUrl(options.url),
    fetch: options.fetch ?? ((input, init) => fetch(input, init)), // called bare: browsers refuse it as a method
    WebSocket,
    transports: transport === 'auto' ? order.filter((kind) => kind !== 'ws' || WebSocket) : [transport],
    timeouts: { ...defaultTimeouts, ...options.timeouts },
    maxRetries,
    hooks,
    headers,
    async authorization() {
      const given = typeof token === 'function' ? await token() : token;
      return given === undefined ? undefined : `Bearer ${given}`;
    },
  };
}

const order: readonly TransportKind[] = ['ws', 'sse', 'poll'];

const defaultTimeouts: Timeouts = {
  requestMs: 30_000,
  connectMs: 10_000,
  silenceMs: 45_000,
  reconnectMs: 600_000,
};

function resolveUrl(given: string | URL): string {
  const { location } = globalThis as { location?: { href: string } }; // of a page or a worker
  const url = given === '' ? undefined : parseUrl(given, location?.href);
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    const got = typeof given === 'string' ? `"${given}"` : given;
    throw new TypeError(
      `Expected \`url\` to be the address of a Weft server, such as "http://127.0.0.1:4000", got ${got}. ` +
        'It begins with http:// or https://; in a page it may be relative.',
    );
  }
  if (url.pathname === '/') url.pathname = '/graphql';
  return url.href;
}

function parseUrl(given: string | URL, base: string | undefined): URL | undefined {
  try {
    return new URL(given, base);
  } catch {
    return undefined;
  }
}
