import { registerEnumType } from 'type-graphql';
import { firingOutcomes, overlapPolicies } from '../../use-cases/triggers/schedule.ts';
import { enumOf } from '../enum-of.ts';

export const ScheduleOverlap = enumOf(overlapPolicies);
export const ScheduleFiringOutcome = enumOf(firingOutcomes);

registerEnumType(ScheduleOverlap, {
  name: 'ScheduleOverlap',
  description: 'What happens at a time of a schedule while an execution that it started has not ended.',
  valuesConfig: {
    SKIP: { description: 'Nothing starts for that time.' },
    BUFFER_ONE: { description: 'One start waits for the end; further times are skipped.' },
    BUFFER_ALL: { description: 'Each start waits for the end of the one before; at most 1000 wait.' },
    CANCEL_OTHER: { description: 'What runs is canceled, and the new execution starts once it has ended.' },
    ALLOW: { description: 'Both run.' },
  },
});

registerEnumType(ScheduleFiringOutcome, {
  name: 'ScheduleFiringOutcome',
  description: 'What became of a time of a schedule.',
  valuesConfig: {
    STARTED: { description: 'An execution was started.' },
    BUFFERED: { description: 'It waits for an execution to end.' },
    SKIPPED: { description: 'Nothing started, because an execution had not ended.' },
    MISSED: { description: 'No worker ran, and the time is longer ago than the catch-up window.' },
    REFUSED: { description: 'The execution could not be started, as `reason` says.' },
  },
});
