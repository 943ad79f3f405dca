import type { Dispatcher } from 'undici';

/** The body of what a service answers, at its reader's pace: it holds no more than what one read of the socket gave. */
export class Answer {
  private readonly chunks: Buffer[] = [];
  private over: { error: Error | null } | null = null;
  private reader: PromiseWithResolvers<void> | null = null;
  private isFinished = false;
  private late: NodeJS.Timeout | undefined;

  constructor(
    readonly statusCode: number,
    private readonly controller: Dispatcher.DispatchController,
  ) {}

  /** The next bytes, null at the end; for one reader. @throws what broke it off */
  async next(): Promise<Buffer | null> {
    if (this.chunks.length === 0 && this.over === null) {
      const reader = Promise.withResolvers<void>();
      this.reader = reader;
      this.controller.resume(); // may tell at once
      await reader.promise;
    }
    const chunk = this.chunks.shift();
    if (chunk !== undefined) return chunk;
    if (this.over?.error) throw this.over.error;
    return null;
  }

  /** Reads what is left, next to nothing, so that its connection serves the next request; not for ever. */
  finish(): void {
    if (this.over !== null) return;
    this.isFinished = true;
    this.late = setTimeout(() => this.destroy(new Error('there was more of it')), FINISH_MS);
    this.controller.resume();
  }

  destroy(reason: Error): void {
    if (this.over === null) this.controller.abort(reason);
  }

  take(chunk: Buffer): void {
    if (this.isFinished) return;
    this.chunks.push(chunk);
    if (this.reader === null) this.controller.pause();
    this.wake();
  }

  end(error: Error | null): void {
    clearTimeout(this.late);
    this.over = { error };
    this.wake();
  }

  private wake(): void {
    this.reader?.resolve();
    this.reader = null;
  }
}

const FINISH_MS = 1_000;
