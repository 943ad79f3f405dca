import { registerEnumType } from 'type-graphql';
import { changeTypes } from '../../use-cases/changes/change.ts';
import { enumOf } from '../enum-of.ts';

export const ChangeType = enumOf(changeTypes);

registerEnumType(ChangeType, {
  name: 'ChangeType',
  description: 'What happens to executions that the feed of changes has.',
  valuesConfig: {
    EXECUTION_QUEUED: { description: 'It is stored, and waits for a worker.' },
    EXECUTION_STARTED: { description: 'A worker has begun.' },
    EXECUTION_WAITING: { description: 'All that is left of it waits; `waitReason` says for what.' },
    EXECUTION_RESUMED: { description: 'A worker goes on with it.' },
    EXECUTION_SUCCEEDED: { description: 'It has ended with an output.' },
    EXECUTION_FAILED: { description: 'It has ended with an error: `code` and `message`.' },
    EXECUTION_CANCELED: { description: 'It was cancelled.' },
    NODE_PARKED: { description: 'A node has failed and waits for somebody: `code` and `message`.' },
    APPROVAL_REQUESTED: { description: 'A node asks people, and waits for what they decide.' },
    APPROVAL_DECIDED: { description: 'Somebody has decided, and the execution knows: `decision`.' },
    SECURITY_VIOLATION: {
      description: 'Code tried what the sandbox refuses: `code`, `message`, `severity`.',
    },
    SECURITY_ALERT: { description: 'The violations of the workflow passed the threshold.' },
  },
});
