export type { DeadEdge } from '../event.ts';
export type { Artifact, ExecutionState, ItemState, NodeProgress, NodeState } from '../execution-state.ts';
export { type ApprovalsView, useApprovals } from './approvals.ts';
export { type EnvironmentView, useEnvironment } from './environment.ts';
export {
  type ExecutionsFilter,
  type ExecutionsView,
  type StartView,
  useExecutions,
  useStart,
} from './executions.ts';
export { useExecution, useExecutionEvents, useNodeOutput } from './hooks.ts';
export { useWeft, WeftProvider } from './provider.ts';
export type { ExecutionView } from './store.ts';
