/** The active runs of a sandbox, so that the sandbox can end them when it closes. */
export class ActiveRuns {
  private readonly runs = new Map<Promise<unknown>, AbortController>();

  get count(): number {
    return this.runs.size;
  }

  /** Starts a run. The signal that the run receives aborts with the caller's signal, or at `end`. */
  async track<Outcome>(
    caller: AbortSignal,
    run: (signal: AbortSignal) => Promise<Outcome>,
  ): Promise<Outcome> {
    // Not AbortSignal.any(): each one that is made of a signal which lives as long as the process slows the next ones.
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

  /** Aborts every active run, and resolves when all have ended. */
  async end(reason: unknown): Promise<void> {
    for (const stop of this.runs.values()) stop.abort(reason);
    await Promise.allSettled(this.runs.keys());
  }
}
