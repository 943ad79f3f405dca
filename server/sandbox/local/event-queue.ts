/**
 * Delivers events to a subscriber in order and one at a time. While the subscriber is busy, the sources are paused, so
 * that a slow journal fills the run's own pipes and not the heap.
 */
export class EventQueue<Event> {
  private waiting: Event[] = [];
  private isBusy = false;
  private idle = Promise.withResolvers<void>();

  constructor(
    private readonly onEvent: (event: Event) => void | Promise<void>,
    private readonly sources: { pause(): void; resume(): void; fail(error: unknown): void },
  ) {
    this.idle.resolve();
  }

  push(event: Event): void {
    this.waiting.push(event);
    if (!this.isBusy) this.drain();
  }

  /** Resolves when every event pushed so far was delivered. */
  drained(): Promise<void> {
    return this.idle.promise;
  }

  private drain(): void {
    for (let event = this.waiting.shift(); event; event = this.waiting.shift()) {
      const done = this.deliver(event);
      if (done) {
        this.waitFor(done);
        return;
      }
    }
  }

  private deliver(event: Event): undefined | Promise<void> {
    try {
      return this.onEvent(event) ?? undefined;
    } catch (error) {
      this.sources.fail(error);
    }
  }

  private waitFor(done: Promise<void>): void {
    this.isBusy = true;
    this.idle = Promise.withResolvers<void>();
    this.sources.pause();
    void done
      .catch((error) => this.sources.fail(error))
      .then(() => {
        this.isBusy = false;
        const { resolve } = this.idle;
        this.drain();
        if (this.isBusy) return this.idle.promise.then(resolve);
        this.sources.resume();
        resolve();
      });
  }
}
