import { registerEnumType } from 'type-graphql';
import { type DeadEdge, eventTypes } from '../../journal/event.ts';
import { severities } from '../../shared/severity.ts';
import { enumOf } from '../enum-of.ts';

/** An event's type has one name, in the journal, as a GraphQL type and as a filter. */
export const ExecutionEventType = enumOf(eventTypes);
export const OutputStream = enumOf(['STDOUT', 'STDERR']);
export const EnvironmentStatus = enumOf(['RESOLVING', 'INSTALLING', 'READY', 'FAILED']);
export const ViolationLayer = enumOf(['STATIC', 'RUNTIME', 'KERNEL']);
export const ViolationSeverity = enumOf(severities);
export const DeadEdgeReason = enumOf<DeadEdge['reason']>(['SOURCE_FAILED', 'SOURCE_SKIPPED', 'OTHER_HANDLE']);

registerEnumType(ExecutionEventType, {
  name: 'ExecutionEventType',
  description: 'The types of events, for filtering. Each has the name of its GraphQL type.',
});

registerEnumType(OutputStream, { name: 'OutputStream', description: 'The stream that a run wrote to.' });

registerEnumType(EnvironmentStatus, {
  name: 'EnvironmentStatus',
  description: "The status of the environment with a node's packages.",
  valuesConfig: {
    RESOLVING: { description: 'The versions are being chosen.' },
    INSTALLING: { description: 'The packages are being downloaded and installed.' },
    READY: { description: 'The run can begin.' },
    FAILED: {
      description: 'The packages could not be installed; `message` has the output of the installer.',
    },
  },
});

registerEnumType(ViolationLayer, {
  name: 'ViolationLayer',
  description: 'Which wall of the sandbox stopped the code.',
  valuesConfig: {
    STATIC: { description: 'The check of the code before it ran.' },
    RUNTIME: { description: 'The audit of the code while it ran.' },
    KERNEL: { description: 'The operating system.' },
  },
});

registerEnumType(ViolationSeverity, {
  name: 'ViolationSeverity',
  description: 'How severe a violation is, which follows from the wall that stopped the code.',
  valuesConfig: {
    LOW: { description: 'Found before the code ran: mostly a mistake of its author.' },
    MEDIUM: { description: 'Refused while the code ran.' },
    HIGH: { description: 'Refused by the operating system: the code had passed the other walls.' },
  },
});

registerEnumType(DeadEdgeReason, {
  name: 'DeadEdgeReason',
  description: 'Why an edge gave its target nothing.',
  valuesConfig: {
    SOURCE_FAILED: { description: 'Its source failed.' },
    SOURCE_SKIPPED: { description: 'Its source was skipped.' },
    OTHER_HANDLE: {
      description: "Its source went another way: it emitted on another handle than the edge's.",
    },
  },
});
