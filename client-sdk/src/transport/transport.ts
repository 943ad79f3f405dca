import type { Document } from '../_generated_operations.ts';

/** The ways in which events can reach the client, best first. */
export type TransportKind = 'ws' | 'sse' | 'poll';

/** A way in which the results of a subscription come. */
export interface Transport {
  /**
   * The results in order, until the server completes the subscription or the consumer leaves. Throws
   * WeftConnectionError and the like when the way breaks, what no retry would heal, and InboxFull.
   */
  subscribe<Result, Variables>(
    document: Document<Result, Variables>,
    variables: Variables,
    options: SubscribeOptions<Result>,
  ): AsyncGenerator<Result, void>;
}

export interface SubscribeOptions<Result> {
  /** Ends the subscription at once; the generator then throws the signal's reason. */
  signal: AbortSignal;
  /** Called when the server has taken the connection. */
  onOpen(): void;
  /** How much a result counts in the bounded buffer. */
  weigh(result: Result): number;
}
