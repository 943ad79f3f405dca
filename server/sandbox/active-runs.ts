/** The runs of a sandbox that are under way, so that they can be ended with it. */
export class UnderWay {
  private readonly runs = new Map<Promise<unknown>, AbortController>();

  get count(): number {
    return this.runs.size;
  }

  /** Carries out a run, whose signal the caller's aborts, or `end`. */
  async carry<Outcome>(
    caller: AbortSignal,
    run: (signal: AbortSignal) => Promise<Outcome>,
  ): Promise<Outcome> {
    // By hand: each AbortSignal.any() with a signal that lives as long as the process costs the next ones time.
    const stop = new AbortController();
    const onAbort = () => stop.abort(caller.reason);
    caller.addEventListener('abort', onAbort, { once: true });
    if (caller.aborted) onAbort();
    const running = run(stop.signal);
    this.runs.set(running, stop);
    return running.finally(() => {
      this.runs.delete(running);
      caller.removeEventListener('abort', onAbort);
    });
  }

  /** Resolves when all have ended. */
  async end(reason: unknown): Promise<void> {
    for (const stop of this.runs.values()) stop.abort(reason);
    await Promise.allSettled(this.runs.keys());
  }
}
