import type { PythonError, PythonEvent, PythonViolation } from '../sandbox/backend.ts';

/** Why a node, or the execution it belongs to, failed. Kept in the journal as it is told to clients. */
export interface NodeError extends Omit<PythonError, 'code'> {
  code: string;
  nodeKey: string | null;
}

/** Which attempt of which node an event tells of; `item` is the index within a `forEach` node. */
export interface NodeRef {
  nodeKey: string;
  attempt: number;
  item?: number | null;
}

/** A file that a node handed out; its content is kept beside the journal (artifacts.ts). */
export interface Artifact {
  id: string;
  name: string;
  mimeType: string;
  sizeBytes: number;
  /** Where it can be downloaded, a path on every server with the role `api`. */
  url: string;
}

type PythonPart<K extends PythonEvent['kind']> = Omit<Extract<PythonEvent, { kind: K }>, 'kind'>;

export type ExecutionEventBody =
  | { type: 'ExecutionQueued' }
  | { type: 'ExecutionStarted' }
  | { type: 'ExecutionSucceeded'; output: unknown }
  | { type: 'ExecutionFailed'; error: NodeError }
  | { type: 'ExecutionCanceled' };

export type NodeEventBody = NodeRef &
  (
    | { type: 'NodeStarted' }
    | { type: 'NodeSucceeded'; output: unknown; handle: string; durationMs: number }
    | { type: 'NodeFailed'; error: NodeError; durationMs: number }
    | { type: 'NodeSkipped' }
    | { type: 'NodeReused'; output: unknown; handle: string }
    | { type: 'NodeRetryScheduled'; delayMs: number; error: NodeError }
    | ({ type: 'NodeOutput' } & PythonPart<'output'>)
    | ({ type: 'NodeProgress' } & PythonPart<'progress'>)
    | ({ type: 'NodeEnvironment' } & PythonPart<'environment'>)
    | { type: 'ArtifactCreated'; artifact: Artifact }
    | { type: 'SecurityViolation'; violation: PythonViolation; codeHash: string }
    | { type: 'SecurityAlert'; violations: number; windowSeconds: number }
  );

export type EventBody = ExecutionEventBody | NodeEventBody;
export type EventType = EventBody['type'];

/** An event as it stands in the journal: `sequence` is dense per execution, from 1. */
export type JournalEvent = EventBody & { executionId: string; sequence: number; occurredAt: Date };

export const eventTypes = [
  'ExecutionQueued',
  'ExecutionStarted',
  'ExecutionSucceeded',
  'ExecutionFailed',
  'ExecutionCanceled',
  'NodeStarted',
  'NodeSucceeded',
  'NodeFailed',
  'NodeSkipped',
  'NodeReused',
  'NodeRetryScheduled',
  'NodeOutput',
  'NodeProgress',
  'NodeEnvironment',
  'ArtifactCreated',
  'SecurityViolation',
  'SecurityAlert',
] as const satisfies readonly EventType[];

/** Events for people to watch. */
const watchedEventTypes = [
  'NodeOutput',
  'NodeProgress',
  'NodeEnvironment',
  'ArtifactCreated',
  'SecurityViolation',
  'SecurityAlert',
] as const satisfies readonly EventType[];
export type WatchedEventType = (typeof watchedEventTypes)[number];

/** Events that state is folded from: all the others. */
export const stateEventTypes: readonly EventType[] = eventTypes.filter(
  (type) => !(watchedEventTypes as readonly EventType[]).includes(type),
);

/** The last event of a journal is one of these, and nothing follows it. */
export const terminalEventTypes = ['ExecutionSucceeded', 'ExecutionFailed', 'ExecutionCanceled'] as const;

export function isTerminal(event: EventBody): boolean {
  return (terminalEventTypes as readonly string[]).includes(event.type);
}

export const executionStatuses = ['QUEUED', 'RUNNING', 'WAITING', 'SUCCEEDED', 'FAILED', 'CANCELED'] as const;
export type ExecutionStatus = (typeof executionStatuses)[number];

/** Whether an execution with this status is over. */
export function hasEnded(status: string): boolean {
  return ['SUCCEEDED', 'FAILED', 'CANCELED'].includes(status);
}

export const nodeStatuses = [...executionStatuses, 'SKIPPED', 'REUSED'] as const;
export type NodeStatus = (typeof nodeStatuses)[number];
