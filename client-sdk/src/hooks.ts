import type { TransportKind } from './transport/transport.ts';

/** Called as things happen on the wire. What a hook throws reaches whoever made the request. */
export interface Hooks {
  /** Before each attempt at a request. Headers may be added, such as a `traceparent`. */
  onRequest?(request: RequestInfo): void;
  /** After each attempt at a request. */
  onResponse?(response: ResponseInfo): void;
  /** As a stream of events connects, opens, and is lost and tried again. */
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
  /** Why the attempt failed; undefined where it went well. */
  error: unknown;
}

export type StreamChange = { operation: string; transport: TransportKind } & (
  | { state: 'connecting' }
  | { state: 'open' }
  | { state: 'lost'; error: unknown; retryInMs: number }
);
