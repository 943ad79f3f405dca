import type { EventOf, ExecutionEvent } from '../event.ts';

/** The events of a recording, as they happen again. */
export interface Timeline {
  /** How many have happened so far. */
  readonly position: number;
  /** Those that have happened so far, from the index on. */
  from(index: number): readonly ExecutionEvent[];
  /** Whether more may come; a recording of a run that had not ended leaves that open for ever. */
  readonly isOver: boolean;
  /** Calls back whenever something happens; the clock runs while there is somebody to tell. */
  listen(onChange: () => void): () => void;
  /** Lets the next event happen; undefined where there is none. */
  step(): ExecutionEvent | undefined;
  finish(): void;
  /** Ends the run here. */
  cancel(): void;
}

/** @param speed how many times as fast as it was recorded; 0 for a clock that stands still */
export function makeTimeline(
  executionId: string,
  recorded: readonly ExecutionEvent[],
  speed: number,
): Timeline {
  let events = recorded;
  let position = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const listeners = new Set<() => void>();

  function happen(count: number): void {
    position = Math.min(position + count, events.length);
    for (const listener of [...listeners]) listener();
  }

  /** Events of the same moment happen together. */
  function play(): void {
    clearTimeout(timer);
    if (speed === 0 || listeners.size === 0 || position === events.length) return;
    const delayMs = Math.max(0, momentOf(position) - momentOf(position - 1)) / speed;
    timer = setTimeout(() => {
      const now = momentOf(position);
      let count = 1;
      while (position + count < events.length && momentOf(position + count) - now < speed) count++;
      happen(count);
      play();
    }, delayMs);
  }

  function momentOf(index: number): number {
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
      happen(1);
      play();
      return next;
    },
    finish() {
      happen(events.length);
      play();
    },
    cancel() {
      if (isLast(events[position - 1])) return;
      events = [...events.slice(0, position), canceled(executionId, position + 1)];
      happen(1);
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
  };
}
