import { registerEnumType } from 'type-graphql';
import { executionStatuses, nodeStatuses } from '../../journal/event.ts';
import { enumOf } from '../enum-of.ts';

export const ExecutionStatus = enumOf(executionStatuses);
export const NodeExecutionStatus = enumOf(nodeStatuses);
export const ExecutionCancelMode = enumOf(['GRACEFUL', 'FORCE']);
export const ExecutionRetryStrategy = enumOf(['ALL_NODES', 'FROM_FAILURE']);

const shared = {
  QUEUED: { description: 'Waits for a worker.' },
  RUNNING: { description: 'Is being run.' },
  WAITING: { description: 'A node waits for its next attempt; no execution has this status.' },
  SUCCEEDED: { description: 'Ended with an output.' },
  FAILED: { description: 'Ended with an error.' },
  CANCELED: { description: 'Was cancelled.' },
};

registerEnumType(ExecutionStatus, {
  name: 'ExecutionStatus',
  description: 'SUCCEEDED, FAILED and CANCELED are final.',
  valuesConfig: shared,
});

registerEnumType(NodeExecutionStatus, {
  name: 'NodeExecutionStatus',
  description: 'SUCCEEDED, FAILED, CANCELED, SKIPPED and REUSED are final.',
  valuesConfig: {
    ...shared,
    SKIPPED: { description: 'Did not run, because an input could not come; `because` says which.' },
    REUSED: { description: 'Reused the output from the execution that this one retries.' },
  },
});

registerEnumType(ExecutionCancelMode, {
  name: 'ExecutionCancelMode',
  description: 'How running nodes are ended.',
  valuesConfig: {
    GRACEFUL: { description: 'Python is sent SIGTERM and may clean up for a moment before it is killed.' },
    FORCE: { description: 'Python is killed at once.' },
  },
});

registerEnumType(ExecutionRetryStrategy, {
  name: 'ExecutionRetryStrategy',
  description: 'What of a former execution is run again.',
  valuesConfig: {
    ALL_NODES: { description: 'Everything.' },
    FROM_FAILURE: {
      description:
        'What had not succeeded, and what follows it; the other nodes, and items of a `forEach`, are REUSED.',
    },
  },
});
