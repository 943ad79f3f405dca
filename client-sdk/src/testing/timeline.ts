import type { EventOf, ExecutionEvent } from '../event.ts';

/** The events of a recording, emitted by a clock or by hand. */
export interface Timeline {
  /** How many events have been emitted so far. */
  readonly position: number;
  /** The events that have been emitted so far, from `index` on. */
  from(index: number): readonly ExecutionEvent[];
  /** Whether the run has ended; never true for a recording of a run that had not ended. */
  readonly isOver: boolean;
  /** Calls back when events are emitted. The clock runs while there is a listener. @returns what removes it */
  listen(onChange: () => void): () => void;
  /** Emits the next event; undefined at the end. */
  step(): ExecutionEvent | undefined;
  /** Emits all remaining events. */
  finish(): void;
  /** Ends the run at the current event, as canceled. */
  cancel(): void;
}

/** @param speed a factor of the recorded speed; 0 for a clock that does not run */
export function makeTimeline(
  executionId: string,
  recorded: readonly ExecutionEvent[],
  speed: number,
): Timeline {
  let events = recorded;
  let position = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const listeners = new Set<() => void>();

  function advance(count: number): void {
    position = Math.min(position + count, events.length);
    for (const listener of [...listeners]) listener();
  }

  /** Emits events of the same time together. */
  function play(): void {
    clearTimeout(timer);
    if (speed === 0 || listeners.size === 0 || position === events.length) return;
    const delayMs = Math.max(0, timestampOf(position) - timestampOf(position - 1)) / speed;
    timer = setTimeout(() => {
      const now = timestampOf(position);
      let count = 1;
      while (position + count < events.length && timestampOf(position + count) - now < speed) count++;
      advance(count);
      play();
    }, delayMs);
  }

  function timestampOf(index: number): number {
    return Date.parse(events[Math.max(0, index)]!.occurredAt);
  }

  return {
    get position() {
      return position;
    },
    from: (index) => events.slice(index, position),
    get isOver() {
      return position === events.length && isLast(events.at(-1));
    },
    listen(onChange) {
      listeners.add(onChange);
      if (listeners.size === 1) play();
      return () => {
        listeners.delete(onChange);
        if (listeners.size === 0) clearTimeout(timer);
      };
    },
    step() {
      const next = events[position];
      advance(1);
      play();
      return next;
    },
    finish() {
      advance(events.length);
      play();
    },
    cancel() {
      if (isLast(events[position - 1])) return;
      events = [...events.slice(0, position), canceled(executionId, position + 1)];
      advance(1);
      play();
    },
  };
}

function isLast(event: ExecutionEvent | undefined): boolean {
  return /^Execution(Succeeded|Failed|Canceled)$/.test(event?.type ?? '');
}

function canceled(executionId: string, sequence: number): EventOf<'ExecutionCanceled'> {
  return {
    type: 'ExecutionCanceled',
    sequence,
    cursor: `${executionId}:${sequence}`,
    occurredAt: new Date().toISOString(),
    nodeKey: null,
    attempt: null,
    item: null,
    replacedBy: null,
  };
}
