import type { Pool } from 'pg';
import { stateEventTypes } from '../journal/event.ts';
import { readEvents } from '../journal/read.ts';
import { emptyState, fold, type RunState } from './fold.ts';

const PAGE_EVENTS = 1_000;

/**
 * The state that the journal gives, and the journal's last sequence, events that state is not folded from included.
 *
 * @param onOutput gives what to keep of each output, by default all of it
 */
export async function foldJournal(
  pool: Pool,
  executionId: string,
  onOutput = (output: unknown) => output,
): Promise<{ state: RunState; sequence: number }> {
  const state = emptyState();
  for (let sequence = 0; ; ) {
    const page = await readEvents(pool, executionId, {
      after: sequence,
      limit: PAGE_EVENTS,
      types: stateEventTypes,
    });
    for (const event of page.events) if ('output' in event) event.output = onOutput(event.output);
    fold(state, page.events);
    sequence = page.endSequence;
    if (page.atEnd) return { state, sequence };
  }
}
