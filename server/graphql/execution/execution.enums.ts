import { registerEnumType } from 'type-graphql';
import { executionStatuses, nodeStatuses, waitReasons } from '../../journal/event.ts';
import { limitNames } from '../../nodes/limits.ts';
import { enumOf } from '../enum-of.ts';

export const ExecutionStatus = enumOf(executionStatuses);
export const NodeExecutionStatus = enumOf(nodeStatuses);
export const WaitReason = enumOf(waitReasons);
export const ExecutionCancelMode = enumOf(['GRACEFUL', 'FORCE']);
export const ExecutionRetryStrategy = enumOf(['ALL_NODES', 'FROM_FAILURE']);
export const ExecutionRetryVersion = enumOf(['SAME', 'LATEST']);
export const ExecutionLimit = enumOf([...limitNames, 'WORKERS']);
export const FailureAction = enumOf(['RETRY', 'FAIL']);
export const RetryAction = enumOf(['REUSE', 'RUN', 'SKIP']);
export const RetryReason = enumOf([
  'ALL_NODES',
  'NOT_SUCCEEDED',
  'NEW',
  'CHANGED',
  'INPUT_CHANGED',
  'FOLLOWS',
]);

const shared = {
  QUEUED: { description: 'Waits for a worker.' },
  RUNNING: { description: 'Is being run.' },
  WAITING: { description: 'Waits, and no worker has it meanwhile; `wait` says for what.' },
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

registerEnumType(WaitReason, {
  name: 'WaitReason',
  description: 'What is waited for.',
  valuesConfig: {
    RETRY: { description: 'The delay before the next attempt.' },
    DELAY: { description: 'A moment that the workflow names.' },
    ITEMS: { description: 'Items of a list, all of which wait.' },
    EXECUTION: { description: 'The end of an execution that the node started.' },
    APPROVAL: { description: 'What people decide: see `approvals`.' },
    FAILURE: { description: 'That somebody mends what failed, or gives up: see `executionResume`.' },
    CONCURRENCY: { description: "That others end, by the workflow's `concurrency`: see `waitingFor`." },
    RATE: { description: "A later moment, by the workflow's `rate`: see `waitingFor`." },
    DEBOUNCE: {
      description: "Further starts that go into it, by the workflow's `debounce`: see `waitingFor`.",
    },
  },
});

registerEnumType(ExecutionLimit, {
  name: 'ExecutionLimit',
  description: 'What holds an execution back before it begins.',
  valuesConfig: {
    DEBOUNCE: { description: "Further starts may go into it (the workflow's `debounce`)." },
    CONCURRENCY: { description: "As many are under way as may be (the workflow's `concurrency`)." },
    RATE: { description: "As many were admitted lately as may be (the workflow's `rate`)." },
    WORKERS: { description: 'No worker has a free slot.' },
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
        'What had not succeeded or has changed since, and what follows it; the other nodes, and items of a `forEach`, are REUSED.',
    },
  },
});

registerEnumType(ExecutionRetryVersion, {
  name: 'ExecutionRetryVersion',
  description: 'Which version of the workflow a retry runs.',
  valuesConfig: {
    SAME: { description: 'That of the former execution.' },
    LATEST: { description: 'The latest: what it changed, and what follows that, runs again.' },
  },
});

registerEnumType(FailureAction, {
  name: 'FailureAction',
  description: 'What becomes of nodes that failed and wait for somebody.',
  valuesConfig: {
    RETRY: { description: 'They start again.' },
    FAIL: { description: 'They have failed for good, and so has the execution.' },
  },
});

registerEnumType(RetryAction, {
  name: 'RetryAction',
  description: 'What a retry does with a node.',
  valuesConfig: {
    REUSE: { description: 'Takes its output over from the former execution.' },
    RUN: { description: 'Runs it, where its inputs come.' },
    SKIP: { description: 'Nothing: it was skipped, and is skipped again.' },
  },
});

registerEnumType(RetryReason, {
  name: 'RetryReason',
  description: 'Why a retry runs a node.',
  valuesConfig: {
    ALL_NODES: { description: 'The strategy runs everything.' },
    NOT_SUCCEEDED: { description: 'It had not succeeded.' },
    NEW: { description: 'The former version does not have it.' },
    CHANGED: {
      description: 'Its type, configuration, join or list, or an edge that leads to it, is another one.',
    },
    INPUT_CHANGED: { description: 'It reads the input of the execution, which is another one.' },
    FOLLOWS: { description: 'It follows a node that runs.' },
  },
});
