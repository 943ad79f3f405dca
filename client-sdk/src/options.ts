import type { Hooks } from './hooks.ts';
import type { TransportKind } from './transport/transport.ts';

export interface ClientOptions {
  /** The server's address: `http://127.0.0.1:4000/graphql`, or without the path. In a page it may be relative. */
  url: string | URL;
  /**
   * A token of the server, or a function that returns one for each request and each connection. A stream whose token
   * ends goes on with the function's next one.
   */
  token?: string | undefined | (() => string | undefined | Promise<string | undefined>);
  /** The key of the project to act in; without it that of the token, or `default`. */
  project?: string | undefined;
  /** Headers for each HTTP request, besides those that the client sets. */
  headers?: Record<string, string>;
  /** How events arrive. `auto` uses WebSockets, server-sent events where those are blocked, and polling as the last. */
  transport?: 'auto' | TransportKind;
  timeouts?: Partial<Timeouts>;
  /** How many times a request that is safe to repeat is retried; 5 unless given. */
  maxRetries?: number;
  /** Callbacks around requests and streams, for logs and traces. */
  hooks?: Hooks;
  /** Replaces the global `fetch`. */
  fetch?: typeof fetch;
  /** Replaces the global `WebSocket`, which Node has from version 22 on; without one, the transport is SSE. */
  WebSocket?: WebSocketConstructor;
}

export interface Timeouts {
  /** For the answer to one request; 30000 unless given. */
  requestMs: number;
  /** For a stream of events to open; 10000 unless given. */
  connectMs: number;
  /** For data on an open stream, where the server sends a heartbeat every 15000 at least; 45000 unless given. */
  silenceMs: number;
  /** For a lost stream to reconnect before it fails; 600000 unless given, Infinity for no limit. */
  reconnectMs: number;
}

/** The part of the WebSocket class that the client uses; browsers, Node, Deno, Bun and the `ws` package have it. */
export type WebSocketConstructor = new (url: string, protocols?: string | string[]) => object;

/** The options with all defaults filled in. */
export interface Settings {
  url: string;
  fetch: typeof fetch;
  WebSocket: WebSocketConstructor | undefined;
  transports: readonly TransportKind[];
  timeouts: Timeouts;
  maxRetries: number;
  hooks: Hooks;
  project: string | undefined;
  headers: Record<string, string>;
  /** Whether another call may give another token. */
  renewsToken: boolean;
  /** The value of the `authorization` header. */
  authorization(): Promise<string | undefined>;
}

/** @throws TypeError for an invalid `url`, and for `transport: 'ws'` without a WebSocket class */
export function resolveOptions(options: ClientOptions): Settings {
  const { token, project, transport = 'auto', headers = {}, hooks = {}, maxRetries = 5 } = options;
  const WebSocket = options.WebSocket ?? (globalThis.WebSocket as WebSocketConstructor | undefined);
  if (transport === 'ws' && WebSocket === undefined) {
    throw new TypeError(
      'Expected a WebSocket class for `transport: "ws"`, got none: this runtime has no global one. ' +
        'Pass one as `WebSocket` (on Node 20: the class of the `ws` package), or leave `transport` at `auto`.',
    );
  }
  return {
    url: resolveUrl(options.url),
    // Wrapped: browsers throw where their `fetch` is called as a method of another object.
    fetch: options.fetch ?? ((input, init) => fetch(input, init)),
    WebSocket,
    transports: transport === 'auto' ? order.filter((kind) => kind !== 'ws' || WebSocket) : [transport],
    timeouts: { ...defaultTimeouts, ...options.timeouts },
    maxRetries,
    hooks,
    project,
    headers,
    renewsToken: typeof token === 'function',
    async authorization() {
      const value = typeof token === 'function' ? await token() : token;
      return value === undefined ? undefined : `Bearer ${value}`;
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

function resolveUrl(value: string | URL): string {
  const { location } = globalThis as { location?: { href: string } }; // of a page or a worker
  const url = value === '' ? undefined : parseUrl(value, location?.href);
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    const got = typeof value === 'string' ? `"${value}"` : value;
    throw new TypeError(
      `Expected \`url\` to be the address of a Weft server, such as "http://127.0.0.1:4000", got ${got}. ` +
        'An address begins with http:// or https://; in a page it may be relative.',
    );
  }
  if (url.pathname === '/') url.pathname = '/graphql';
  return url.href;
}

function parseUrl(value: string | URL, base: string | undefined): URL | undefined {
  try {
    return new URL(value, base);
  } catch {
    return undefined;
  }
}
