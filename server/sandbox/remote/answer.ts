import type { Dispatcher } from 'undici';

/** The body of an answer, read as fast as its reader wants: it buffers what one read of the socket returned at most. */
export class Answer {
  private readonly chunks: Buffer[] = [];
  private end: { error: Error | null } | null = null;
  private reader: PromiseWithResolvers<void> | null = null;
  private isDiscarding = false;
  private late: NodeJS.Timeout | undefined;

  constructor(
    readonly statusCode: number,
    private readonly controller: Dispatcher.DispatchController,
  ) {}

  /** The next bytes, null at the end; for one reader. @throws the error that ended the answer early */
  async next(): Promise<Buffer | null> {
    if (this.chunks.length === 0 && this.end === null) {
      const reader = Promise.withResolvers<void>();
      this.reader = reader;
      this.controller.resume(); // may call `receive` or `finish` before it returns
      await reader.promise;
    }
    const chunk = this.chunks.shift();
    if (chunk !== undefined) return chunk;
    if (this.end?.error) throw this.end.error;
    return null;
  }

  /** Reads and discards the short rest, so that the connection can serve the next request. Gives up after a second. */
  discardRest(): void {
    if (this.end !== null) return;
    this.isDiscarding = true;
    this.late = setTimeout(() => this.destroy(new Error('the answer did not end')), DISCARD_MS);
    this.controller.resume();
  }

  destroy(reason: Error): void {
    if (this.end === null) this.controller.abort(reason);
  }

  /** For the connection: bytes have arrived. */
  receive(chunk: Buffer): void {
    if (this.isDiscarding) return;
    this.chunks.push(chunk);
    if (this.reader === null) this.controller.pause();
    this.wake();
  }

  /** For the connection: the answer has ended, early where there is an error. */
  finish(error: Error | null): void {
    clearTimeout(this.late);
    this.end = { error };
    this.wake();
  }

  private wake(): void {
    this.reader?.resolve();
    this.reader = null;
  }
}

const DISCARD_MS = 1_000;
