import type { Document } from '../_generated_operations.ts';

/** The ways in which events can reach the client, best first. */
export type TransportKind = 'ws' | 'sse' | 'poll';

/** Runs subscriptions. It never reconnects: live-stream.ts does, from the last cursor. */
export interface Transport {
  /**
   * Yields the results in order, until the server completes the subscription or the consumer leaves.
   * @throws WeftConnectionError and other transient errors where the connection breaks, and errors that no retry heals
   * @throws QueueFull where the consumer was too slow
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
  /** Called when the server has accepted the connection. */
  onOpen(): void;
  /** How much of the bounded queue a result occupies. */
  sizeOf(result: Result): number;
}
