import type { PythonEvent } from '../backend.ts';

type ProgressEvent = Extract<PythonEvent, { kind: 'progress' }>;

/**
 * Lets progress through at most every 10 ms, the newest for all that came meanwhile. Python's side is slower than
 * that by itself (python/progress.py); this is for frames that did not come from there.
 */
export class ProgressGate {
  private waiting: ProgressEvent | null = null;
  private toldAt = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly tell: (event: ProgressEvent) => void) {}

  push(event: ProgressEvent): void {
    const isFirstToWait = this.waiting === null;
    this.waiting = event;
    const waitMs = this.toldAt + INTERVAL_MS - performance.now();
    if (waitMs <= 0) this.flush();
    else if (isFirstToWait) this.timer = setTimeout(() => this.flush(), waitMs);
  }

  /** Nothing is told any more. */
  close(): void {
    clearTimeout(this.timer);
    this.waiting = null;
  }

  flush(): void {
    clearTimeout(this.timer);
    if (!this.waiting) return;
    const event = this.waiting;
    this.waiting = null;
    this.toldAt = performance.now();
    this.tell(event);
  }
}

const INTERVAL_MS = 10;
