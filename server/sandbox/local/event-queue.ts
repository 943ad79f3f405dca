import type { PythonEvent } from '../backend.ts';

/**
 * Hands events to a subscriber one at a time and in order, and stops the sources while it is busy, so that a
 * slow journal fills the run's own pipes and not the heap.
 */
export class EventQueue {
  private waiting: PythonEvent[] = [];
  private isBusy = false;
  private idle = Promise.withResolvers<void>();

  constructor(
    private readonly onEvent: (event: PythonEvent) => void | Promise<void>,
    private readonly gate: { pause(): void; resume(): void; fail(error: unknown): void },
  ) {
    this.idle.resolve();
  }

  push(event: PythonEvent): void {
    this.waiting.push(event);
    if (!this.isBusy) this.drain();
  }

  /** Resolves when every event pushed so far was handed over. */
  drained(): Promise<void> {
    return this.idle.promise;
  }

  private drain(): void {
    for (let event = this.waiting.shift(); event; event = this.waiting.shift()) {
      const done = this.hand(event);
      if (done) {
        this.waitFor(done);
        return;
      }
    }
  }

  private hand(event: PythonEvent): undefined | Promise<void> {
    try {
      return this.onEvent(event) ?? undefined;
    } catch (error) {
      this.gate.fail(error);
    }
  }

  private waitFor(done: Promise<void>): void {
    this.isBusy = true;
    this.idle = Promise.withResolvers<void>();
    this.gate.pause();
    done
      .catch((error) => this.gate.fail(error))
      .then(() => {
        this.isBusy = false;
        const { resolve } = this.idle;
        this.drain();
        if (this.isBusy) return this.idle.promise.then(resolve);
        this.gate.resume();
        resolve();
      });
  }
}
