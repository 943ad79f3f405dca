import type { PythonEvent } from '../backend.ts';

type ProgressEvent = Extract<PythonEvent, { kind: 'progress' }>;

/**
 * Emits progress every 10 ms at most; a newer event replaces one that still waits. Honest progress comes less often
 * than that (python/progress.py), so this throttle is for forged frames.
 */
export class ProgressThrottle {
  private waiting: ProgressEvent | null = null;
  private emittedAt = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly emit: (event: ProgressEvent) => void) {}

  push(event: ProgressEvent): void {
    const isFirstToWait = this.waiting === null;
    this.waiting = event;
    const waitMs = this.emittedAt + INTERVAL_MS - performance.now();
    if (waitMs <= 0) this.flush();
    else if (isFirstToWait) this.timer = setTimeout(() => this.flush(), waitMs);
  }

  /** Emits nothing more. */
  close(): void {
    clearTimeout(this.timer);
    this.waiting = null;
  }

  flush(): void {
    clearTimeout(this.timer);
    if (!this.waiting) return;
    const event = this.waiting;
    this.waiting = null;
    this.emittedAt = performance.now();
    this.emit(event);
  }
}

const INTERVAL_MS = 10;
