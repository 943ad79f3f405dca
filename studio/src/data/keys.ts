import type {
  AuditFilter,
  ExecutionFilter,
  ScheduleTimingInput,
  SecurityViolationFilter,
  WorkflowFilter,
} from '@weft/client';

/** The name of each query in the store: what changes something invalidates it by these. */
export const keys = {
  /** All lists of workflows, or one. */
  workflows: (filter?: WorkflowFilter) => (filter ? ['workflows', filter] : ['workflows']),
  workflow: (id: string) => ['workflow', id],
  /** All lists of executions, or one. */
  executions: (filter?: ExecutionFilter) => (filter ? ['executions', filter] : ['executions']),
  nodeDefinitions: ['nodeDefinitions'],
  serverInfo: ['serverInfo'],
  environments: ['environments'],
  pythonCheck: (code: string, around: object) => ['pythonCheck', code, around],
  /** All lists of violations, or one. */
  violations: (filter?: SecurityViolationFilter) => (filter ? ['violations', filter] : ['violations']),
  alerts: ['alerts'],
  viewer: ['viewer'],
  tokens: ['tokens'],
  secrets: ['secrets'],
  projects: ['projects'],
  auditLog: (filter: AuditFilter) => ['auditLog', filter],
  endpoints: ['webhookEndpoints'],
  deliveries: (endpointId: string) => ['webhookEndpoints', 'deliveries', endpointId],
  webhooks: ['webhooks'],
  webhook: (id: string) => ['webhooks', 'one', id],
  webhookRequests: (id: string) => ['webhookRequests', id],
  schedules: ['schedules'],
  schedule: (id: string) => ['schedules', 'one', id],
  scheduleFirings: (id: string) => ['scheduleFirings', id],
  schedulePreview: (timing: ScheduleTimingInput) => ['schedulePreview', timing],
  approval: (id: string) => ['approval', id],
  closedApprovals: ['closedApprovals'],
  /** Of all executions, why one has not begun. */
  waitingFor: ['waitingFor'],
  /** Of all executions, or one, those that its nodes have started. */
  children: (id?: string) => (id === undefined ? ['children'] : ['children', id]),
} as const;
