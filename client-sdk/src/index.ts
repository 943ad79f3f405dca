export type * from './_generated_operations.ts';
export type {
  ActivityBatch,
  ActivityEvent,
  ChildExecution,
  ExecutionDetails,
  RunActivity,
} from './activity.ts';
export type { Approval, ApprovalDecisionInput, Approvals, ApprovalUpdatesOptions } from './approvals.ts';
export type { Artifacts } from './artifacts.ts';
export type { AuditedOperation, AuditLog } from './audit-log.ts';
export type {
  BulkMethods,
  BulkOptions,
  BulkResult,
  CancelAllOptions,
  ExecutionStats,
  RetryAllOptions,
  StatsOptions,
} from './bulk.ts';
export type { Change, Changes, ChangesOptions } from './changes.ts';
export {
  createClient,
  type NodeDefinition,
  type ServerInfo,
  type Viewer,
  type WeftClient,
} from './client.ts';
export type {
  Deliveries,
  WebhookDelivery,
  WebhookEndpoint,
  WebhookEndpoints,
  WebhookEndpointWithSecret,
} from './deliveries.ts';
export {
  type NodeFailure,
  type UserError,
  WeftAuthenticationError,
  WeftConnectionError,
  WeftError,
  WeftExecutionError,
  WeftForbiddenError,
  WeftInputError,
  WeftNotFoundError,
  WeftRequestError,
  WeftServerError,
  WeftTimeoutError,
} from './errors.ts';
export type { DeadEdge, EventOf, ExecutionEvent } from './event.ts';
export type {
  ExecutionSummary,
  Executions,
  StartInput,
  UpdatesOptions,
} from './executions.ts';
export type { ExecutionExport } from './export.ts';
export type { Files, UploadContent, UploadedFile, UploadOptions } from './files.ts';
export type { Hooks, RequestInfo, ResponseInfo, StreamChange } from './hooks.ts';
export type { Listing, ListOptions, Page } from './listing.ts';
export type { FollowOptions, LiveStream } from './live-stream.ts';
export type { ClientOptions, Timeouts, WebSocketConstructor } from './options.ts';
export type { Project, Projects } from './projects.ts';
export type {
  Python,
  PythonCheck,
  PythonEnvironment,
  PythonEnvironmentProgress,
  PythonEnvironments,
  PythonRun,
} from './python.ts';
export type { RequestArguments, RequestOptions } from './request.ts';
export type {
  Execution,
  ExecutionWithNodes,
  ResultOptions,
  ResumeOptions,
  RetryOptions,
  RetryPlan,
  Run,
  RunMethods,
  WaitingFor,
} from './run.ts';
export type { Schedule, ScheduleBackfill, ScheduleFiring, Schedules } from './schedules.ts';
export type { Secret, Secrets } from './secrets.ts';
export type { AuditedViolation, RaisedSecurityAlert, SecurityViolations } from './security-violations.ts';
export type { EventsOptions } from './stream-events.ts';
export type { TextOptions, TextStream } from './text.ts';
export type { NewToken, Token, Tokens } from './tokens.ts';
export type { TransportKind } from './transport/transport.ts';
export {
  createTypedClient,
  type PinnedOutput,
  type TypedRunOptions,
  type TypedWorkflow,
  type WorkflowReference,
  type WorkflowRun,
} from './typed-client.ts';
export type { Webhook, WebhookRequest, Webhooks, WebhookWithUrl } from './webhooks.ts';
export type {
  SavedWorkflow,
  UpsertedWorkflow,
  UpsertPlan,
  Workflow,
  WorkflowDefinition,
  WorkflowSummary,
  Workflows,
  WorkflowVersion,
  WorkflowVersionSummary,
  WorkflowWithLastRun,
} from './workflows.ts';
