import { deepStrictEqual } from 'node:assert';
import type {
  ExecutionRequests,
  ExecutionStore,
  StoredExecution,
} from '../../../../server/engine/execution-store.ts';
import { emptyState, fold } from '../../../../server/engine/fold.ts';
import type { FoldedJournal, FoldOptions } from '../../../../server/engine/fold-journal.ts';
import type { AddressedSignal } from '../../../../server/engine/waits.ts';
import type { Appender, JournalWriter } from '../../../../server/journal/append.ts';
import type { EventBody, JournalEvent } from '../../../../server/journal/event.ts';
import { projectionOf } from '../../../../server/journal/projection.ts';
import { WeftError } from '../../../../server/shared/errors.ts';
import type { HandClock } from './hand-clock.ts';

interface Entry {
  executionId: string;
  sequence: number;
  events: readonly EventBody[];
  fence: AbortController;
  committed: PromiseWithResolvers<void>;
}

/**
 * The journals and rows of all executions, in memory, with the fence of the real ones. By default each append commits
 * at once; with `holds` it waits until the test commits or fails it.
 */
export class HandJournal implements Appender, ExecutionStore {
  /** Whether commits wait for the test. */
  holds = false;
  /** Appended and not committed, in order. */
  pending: Entry[] = [];
  readonly cancelRequested = new Map<string, string>();
  readonly signals = new Map<string, AddressedSignal[]>();
  private readonly rows = new Map<string, StoredExecution>();
  private readonly journals = new Map<string, JournalEvent[]>();

  constructor(private readonly clock: HandClock) {}

  /** As the statement that inserts an execution does. */
  insert(executionId: string, row: StoredExecution): void {
    this.rows.set(executionId, { ...row });
    this.journals.set(executionId, []);
    this.write(executionId, [{ type: 'ExecutionQueued' }]);
  }

  /** As a limit does which holds it back. */
  holdBack(executionId: string): void {
    this.write(executionId, [{ type: 'ExecutionWaiting', reason: 'CONCURRENCY', until: null }]);
  }

  events(executionId: string): readonly JournalEvent[] {
    return this.journals.get(executionId) ?? [];
  }

  types(executionId: string): string[] {
    return this.events(executionId).map((event) =>
      'nodeKey' in event && event.nodeKey ? `${event.type} ${event.nodeKey}` : event.type,
    );
  }

  /** A copy of the journal as it stands in the database, cut after `length` events. */
  cut(executionId: string, length: number): HandJournal {
    const copy = new HandJournal(this.clock);
    copy.insert(executionId, { ...this.rows.get(executionId)!, status: 'QUEUED' });
    copy.write(executionId, this.events(executionId).slice(1, length));
    return copy;
  }

  open(executionId: string, sequence: number): JournalWriter {
    const fence = new AbortController();
    let last = sequence;
    return {
      lost: fence.signal,
      pendingBytes: 0,
      get sequence() {
        return last;
      },
      append: (events) => {
        if (fence.signal.aborted) return Promise.reject(fence.signal.reason);
        if (events.length === 0) return Promise.resolve();
        const committed = Promise.withResolvers<void>();
        this.pending.push({ executionId, sequence: last + 1, events, fence, committed });
        last += events.length;
        if (!this.holds) this.commitAll();
        return committed.promise;
      },
    };
  }

  commitAll(): void {
    while (this.pending.length > 0) this.commitNext();
  }

  /** Commits the oldest append, or fences its writer where another has written there. */
  commitNext(): void {
    const entry = this.pending.shift()!;
    if (entry.sequence !== this.events(entry.executionId).length + 1) {
      this.lose(entry, new WeftError('JOURNAL_FENCED', 'Another worker has the execution.'));
      return;
    }
    this.write(entry.executionId, entry.events);
    entry.committed.resolve();
  }

  failNext(error: Error): void {
    this.lose(this.pending.shift()!, error);
  }

  /** The worker that writes is killed: nothing that it has not committed ever is. */
  loseUncommitted(): void {
    this.pending = [];
  }

  async load(executionId: string): Promise<StoredExecution | undefined> {
    const row = this.rows.get(executionId);
    return row && { ...row, signals: this.signals.get(executionId)?.length ?? 0 };
  }

  async foldJournal(
    executionId: string,
    { known = { state: emptyState(), sequence: 0 }, onEvents }: FoldOptions = {},
  ): Promise<FoldedJournal> {
    const { state, sequence } = known;
    const events = structuredClone(this.events(executionId));
    // What a worker keeps of a parked execution has to be what another one would fold.
    const folded = fold(emptyState(), events.slice(0, sequence));
    deepStrictEqual(structuredClone(state), structuredClone(folded));
    onEvents?.(events.slice(sequence));
    return { state: fold(state, events.slice(sequence)), sequence: events.length };
  }

  async endOfJournal(executionId: string): Promise<number> {
    return this.events(executionId).length;
  }

  readonly files = {
    save: () => Promise.reject(new Error('Not in these tests.')),
    openFor: () => Promise.reject(new Error('Not in these tests.')),
  };

  async requests(executionIds: readonly string[]): Promise<ExecutionRequests[]> {
    return executionIds.map((executionId) => ({
      executionId,
      cancelRequested: this.cancelRequested.get(executionId) ?? null,
      replacedBy: null,
      signals: this.signals.get(executionId)?.length ?? 0,
    }));
  }

  async readSignals(executionId: string, after: number): Promise<AddressedSignal[]> {
    return (this.signals.get(executionId) ?? []).filter(({ number }) => number > after);
  }

  /** As whoever resolves an approval does. */
  signal(executionId: string, nodeKey: string, payload: unknown, item: number | null = null): void {
    const signals = this.signals.get(executionId) ?? [];
    signals.push({ number: signals.length + 1, nodeKey, item, payload });
    this.signals.set(executionId, signals);
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  private write(executionId: string, events: readonly EventBody[]): void {
    const journal = this.journals.get(executionId)!;
    const row = this.rows.get(executionId)!;
    for (const event of events) {
      const whole = { ...event, executionId, sequence: journal.length + 1, occurredAt: this.clock.now() };
      journal.push(structuredClone(whole) as JournalEvent);
      row.status = projectionOf(event)?.status ?? row.status;
    }
  }

  private lose({ executionId, fence, committed }: Entry, error: Error): void {
    fence.abort(error);
    committed.reject(error);
    for (const other of this.pending.filter((entry) => entry.fence === fence)) other.committed.reject(error);
    this.pending = this.pending.filter((entry) => entry.fence !== fence || entry.executionId !== executionId);
  }
}
