import type { Pool } from 'pg';
import { type JournalEvent, stateEventTypes } from '../journal/event.ts';
import { type JournalPage, readBeginnings, readEvents } from '../journal/read.ts';
import { makeBatches } from '../shared/batches.ts';
import { emptyState, fold, type RunState } from './fold.ts';

const PAGE_EVENTS = 1_000;

const BATCHES = { max: 50, atOnce: 3 };
const PAGE = { limit: PAGE_EVENTS, types: stateEventTypes };

/** Gets all that is folded, in order. */
type OnEvents = (events: readonly JournalEvent[]) => void;

interface FoldOptions {
  onOutput?: ((output: unknown) => unknown) | undefined;
  onEvents?: OnEvents | undefined;
}

interface FoldedJournal {
  state: RunState;
  /** The journal's last, that of events that state is not folded from included. */
  sequence: number;
}

/** Reads the beginnings of the journals that are folded at the same time together: most are no longer than that. */
export function makeJournalFolder(
  pool: Pool,
): (executionId: string, onEvents?: OnEvents) => Promise<FoldedJournal> {
  const begin = makeBatches((ids: string[]) => readBeginnings(pool, ids, PAGE), BATCHES);
  return async (executionId, onEvents) =>
    foldPages(pool, executionId, await begin(executionId), { onEvents });
}

/** @param onOutput gives what to keep of each output, by default all of it */
export async function foldJournal(
  pool: Pool,
  executionId: string,
  onOutput?: (output: unknown) => unknown,
): Promise<FoldedJournal> {
  return foldPages(pool, executionId, await readEvents(pool, executionId, { ...PAGE, after: 0 }), {
    onOutput,
  });
}

async function foldPages(
  pool: Pool,
  executionId: string,
  first: JournalPage,
  { onOutput = (output: unknown) => output, onEvents }: FoldOptions,
): Promise<FoldedJournal> {
  const state = emptyState();
  for (let page = first; ; ) {
    for (const event of page.events) if ('output' in event) event.output = onOutput(event.output);
    fold(state, page.events);
    onEvents?.(page.events);
    if (page.atEnd) return { state, sequence: page.endSequence };
    page = await readEvents(pool, executionId, { ...PAGE, after: page.endSequence });
  }
}
