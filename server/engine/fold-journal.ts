import type { Pool } from 'pg';
import { type JournalEvent, stateEventTypes } from '../journal/event.ts';
import { type JournalPage, readBeginnings, readEvents } from '../journal/read.ts';
import { makeBatches } from '../shared/batches.ts';
import { emptyState, fold, type RunState } from './fold.ts';

const PAGE_EVENTS = 1_000;

const BATCHES = { max: 50, atOnce: 3 };
const PAGE = { limit: PAGE_EVENTS, types: stateEventTypes };

export interface FoldOptions {
  /** Folded already, of the journal's beginning; it changes. */
  known?: FoldedJournal | undefined;
  /** Gets all that is folded, in order. */
  onEvents?: ((events: readonly JournalEvent[]) => void) | undefined;
}

export interface FoldedJournal {
  state: RunState;
  /** The journal's last, that of events that state is not folded from included. */
  sequence: number;
}

/** Reads the beginnings of the journals that are folded at the same time together: most are no longer than that. */
export function makeJournalFolder(
  pool: Pool,
): (executionId: string, options?: FoldOptions) => Promise<FoldedJournal> {
  const begin = makeBatches((ids: string[]) => readBeginnings(pool, ids, PAGE), BATCHES);
  return async (executionId, { known, onEvents } = {}) => {
    const first =
      known === undefined ? await begin(executionId) : await readOn(pool, executionId, known.sequence);
    return foldPages(pool, executionId, known?.state ?? emptyState(), first, { onEvents });
  };
}

/** @param onOutput gives what to keep of each output, by default all of it */
export async function foldJournal(
  pool: Pool,
  executionId: string,
  onOutput?: (output: unknown) => unknown,
): Promise<FoldedJournal> {
  return foldPages(pool, executionId, emptyState(), await readOn(pool, executionId, 0), { onOutput });
}

function readOn(pool: Pool, executionId: string, after: number): Promise<JournalPage> {
  return readEvents(pool, executionId, { ...PAGE, after });
}

async function foldPages(
  pool: Pool,
  executionId: string,
  state: RunState,
  first: JournalPage,
  {
    onOutput = (output) => output,
    onEvents,
  }: Pick<FoldOptions, 'onEvents'> & { onOutput?: ((output: unknown) => unknown) | undefined },
): Promise<FoldedJournal> {
  for (let page = first; ; ) {
    for (const event of page.events) if ('output' in event) event.output = onOutput(event.output);
    fold(state, page.events);
    onEvents?.(page.events);
    if (page.atEnd) return { state, sequence: page.endSequence };
    page = await readOn(pool, executionId, page.endSequence);
  }
}
