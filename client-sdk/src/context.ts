import { type ClientOptions, resolveOptions, type Settings } from './options.ts';
import { openSse } from './transport/sse.ts';
import type { Transport } from './transport/transport.ts';
import { makeTransportFallback, type TransportFallback } from './transport/transport-fallback.ts';
import { openWs } from './transport/ws.ts';

/** What all requests and streams of one client share. */
export interface ClientContext {
  settings: Settings;
  fallback: TransportFallback;
  transports: Record<'ws' | 'sse', Transport>;
}

/** @throws TypeError for options that cannot be used */
export function openContext(options: ClientOptions): ClientContext {
  const settings = resolveOptions(options);
  const sse = openSse(settings);
  return {
    settings,
    fallback: makeTransportFallback(settings.transports),
    transports: { ws: settings.WebSocket ? openWs(settings) : sse, sse },
  };
}
