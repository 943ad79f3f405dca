export type { DeadEdge } from '../event.ts';
export type { Artifact, ExecutionState, ItemState, NodeProgress, NodeState } from '../execution-state.ts';
export { type ApprovalsView, useApprovals } from './approvals.ts';
export { useExecution, useExecutionEvents, useNodeOutput } from './hooks.ts';
export { useWeft, WeftProvider } from './provider.ts';
export type { ExecutionView } from './store.ts';
