import type { TransportKind } from './transport/transport.ts';

/** Callbacks around requests and streams. What a hook throws, the request or stream throws. */
export interface Hooks {
  /** Before each attempt at a request. The hook may add headers, such as a `traceparent`. */
  onRequest?(request: RequestInfo): void;
  /** After each attempt at a request. */
  onResponse?(response: ResponseInfo): void;
  /** When a stream connects, opens, or is lost and about to reconnect. */
  onStream?(change: StreamChange): void;
}

export interface RequestInfo {
  /** Such as `ExecutionStart`. */
  operation: string;
  /** From 1. */
  attempt: number;
  headers: Record<string, string>;
}

export interface ResponseInfo {
  operation: string;
  attempt: number;
  durationMs: number;
  /** Why the attempt failed; undefined where it succeeded. */
  error: unknown;
}

export type StreamChange = { operation: string; transport: TransportKind } & (
  | { state: 'connecting' }
  | { state: 'open' }
  | { state: 'lost'; error: unknown; retryInMs: number }
);
