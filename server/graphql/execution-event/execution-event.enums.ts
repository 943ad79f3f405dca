import { registerEnumType } from 'type-graphql';
import type { EventType } from '../../journal/event.ts';
import type { PythonViolation } from '../../sandbox/backend.ts';

/** The names of GraphQL for the event types of the journal. */
export const ExecutionEventType = {
  EXECUTION_QUEUED: 'ExecutionQueued',
  EXECUTION_STARTED: 'ExecutionStarted',
  EXECUTION_SUCCEEDED: 'ExecutionSucceeded',
  EXECUTION_FAILED: 'ExecutionFailed',
  EXECUTION_CANCELED: 'ExecutionCanceled',
  NODE_STARTED: 'NodeStarted',
  NODE_SUCCEEDED: 'NodeSucceeded',
  NODE_FAILED: 'NodeFailed',
  NODE_SKIPPED: 'NodeSkipped',
  NODE_REUSED: 'NodeReused',
  NODE_RETRY_SCHEDULED: 'NodeRetryScheduled',
  NODE_OUTPUT: 'NodeOutput',
  NODE_PROGRESS: 'NodeProgress',
  NODE_ENVIRONMENT: 'NodeEnvironment',
  SECURITY_VIOLATION: 'SecurityViolation',
} as const satisfies Record<string, EventType>;

export const OutputStream = { STDOUT: 'STDOUT', STDERR: 'STDERR' } as const;

export const EnvironmentStatus = {
  RESOLVING: 'RESOLVING',
  INSTALLING: 'INSTALLING',
  READY: 'READY',
  FAILED: 'FAILED',
} as const;

export const ViolationLayer = {
  STATIC: 'STATIC',
  RUNTIME: 'RUNTIME',
  KERNEL: 'KERNEL',
} as const satisfies Record<string, PythonViolation['layer']>;

registerEnumType(ExecutionEventType, {
  name: 'ExecutionEventType',
  description: 'The kinds of events, for filtering: NODE_OUTPUT stands for the type NodeOutput, and so on.',
});

registerEnumType(OutputStream, { name: 'OutputStream', description: 'Where a run wrote to.' });

registerEnumType(EnvironmentStatus, {
  name: 'EnvironmentStatus',
  description: "How far the environment with a node's packages is.",
  valuesConfig: {
    RESOLVING: { description: 'The versions are being chosen.' },
    INSTALLING: { description: 'The packages are being downloaded and installed.' },
    READY: { description: 'The run can begin.' },
    FAILED: { description: 'The packages could not be installed; `message` has the words of the installer.' },
  },
});

registerEnumType(ViolationLayer, {
  name: 'ViolationLayer',
  description: 'Which wall of the sandbox stopped the code.',
  valuesConfig: {
    STATIC: { description: 'The reading of the code before it ran.' },
    RUNTIME: { description: 'The watch over it while it ran.' },
    KERNEL: { description: 'The operating system.' },
  },
});
