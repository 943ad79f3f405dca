import { formatMoment } from '../../ui/format.ts';
import type { Wait } from './records.ts';

/** `until 14:05`, `for a decision, until Jan 3, 14:05 at most`: what comes after “Waits”. */
export function waitText({ reason, until }: Wait, now: number): string {
  const at = until === null ? null : formatMoment(Date.parse(until), now);
  switch (reason) {
    case 'DELAY':
      return at === null ? 'for a time' : `until ${at}`;
    case 'RETRY':
      return at === null ? 'to try again' : `to try again at ${at}`;
    default:
      return (whatFor[reason] ?? 'for something') + (at === null ? '' : `, until ${at} at most`);
  }
}

const whatFor: Partial<Record<string, string>> = {
  APPROVAL: 'for a decision',
  EXECUTION: 'for a run that it started',
  ITEMS: 'for its items',
  FAILURE: 'for somebody to mend what failed',
  CONCURRENCY: 'for others of its workflow to end',
  RATE: 'for its turn, by the rate of its workflow',
  DEBOUNCE: 'for further starts',
};
