export type { DeadEdge } from '../event.ts';
export type { Artifact, ExecutionState, ItemState, NodeProgress, NodeState } from '../execution-state.ts';
export { useApprovals } from './approvals.ts';
export type { ApprovalsView } from './approvals-store.ts';
export { useExecution, useExecutionEvents, useNodeOutput } from './hooks.ts';
export { useWeft, WeftProvider } from './provider.ts';
export type { ExecutionView } from './store.ts';
