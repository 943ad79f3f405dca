import { GraphQLError, type GraphQLField, type GraphQLSchema } from 'graphql';
import { type Permission, refusalOf } from '../auth/permission.ts';
import type { Scope } from '../auth/principal.ts';
import type { GraphqlContext } from './context.ts';

const needs = (scope: Scope, least: Permission['least'] = 'WORKFLOWS'): Permission => ({ scope, least });

/**
 * What each field of the three root types needs; docs/access.md shows the same table. A field that is missing here keeps
 * the server from starting. What each principal gets of it is in use-cases/limit/.
 */
export const permissions: Readonly<Record<string, Permission>> = {
  'Query.approval': needs('READ'),
  'Query.approvals': needs('READ'),
  'Query.auditLog': needs('ADMIN', 'ALL'),
  'Query.changeList': needs('READ'),
  'Query.deliveries': needs('READ', 'ALL'),
  'Query.delivery': needs('READ', 'ALL'),
  'Query.execution': needs('READ', 'BROWSER'),
  'Query.executionCount': needs('READ'),
  'Query.executionExport': needs('READ'),
  'Query.executionRetryPlan': needs('READ'),
  'Query.executionStats': needs('READ'),
  'Query.executions': needs('READ', 'BROWSER'),
  'Query.node': needs('READ', 'BROWSER'),
  'Query.nodeDefinition': needs('READ', 'BROWSER'),
  'Query.nodeDefinitions': needs('READ', 'BROWSER'),
  'Query.project': needs('READ'),
  'Query.projects': needs('READ'),
  'Query.pythonCheck': needs('READ'),
  'Query.pythonEnvironments': needs('READ', 'ALL'),
  'Query.schedule': needs('READ'),
  'Query.schedulePreview': needs('READ'),
  'Query.schedules': needs('READ'),
  'Query.secrets': needs('EDIT', 'ALL'),
  'Query.securityAlerts': needs('READ', 'ALL'),
  'Query.securityViolations': needs('READ'),
  'Query.serverInfo': needs('READ'),
  'Query.tokens': needs('ADMIN', 'ALL'),
  'Query.viewer': needs('READ', 'BROWSER'),
  'Query.webhook': needs('READ'),
  'Query.webhookEndpoint': needs('READ', 'ALL'),
  'Query.webhookEndpoints': needs('READ', 'ALL'),
  'Query.webhooks': needs('READ'),
  'Query.workflow': needs('READ'),
  'Query.workflowUpsertPlan': needs('READ'),
  'Query.workflowValidate': needs('READ'),
  'Query.workflows': needs('READ'),

  'Mutation.approvalResolve': needs('RUN'),
  'Mutation.deliveryRedeliver': needs('RUN', 'ALL'),
  'Mutation.executionCancel': needs('RUN', 'BROWSER'),
  'Mutation.executionResume': needs('RUN'),
  'Mutation.executionRetry': needs('RUN'),
  'Mutation.executionStart': needs('RUN', 'BROWSER'),
  'Mutation.executionsCancel': needs('RUN'),
  'Mutation.executionsRetry': needs('RUN'),
  'Mutation.projectCreate': needs('ADMIN', 'SERVER'),
  'Mutation.projectDelete': needs('ADMIN', 'SERVER'),
  'Mutation.projectUpdate': needs('ADMIN', 'SERVER'),
  // Its code is whatever the request says, as that of who may change workflows.
  'Mutation.pythonEnvironmentDelete': needs('EDIT', 'SERVER'),
  'Mutation.pythonEnvironmentPrepare': needs('EDIT', 'ALL'),
  'Mutation.pythonRun': needs('EDIT', 'ALL'),
  'Mutation.scheduleBackfill': needs('RUN'),
  'Mutation.scheduleCreate': needs('EDIT'),
  'Mutation.scheduleDelete': needs('EDIT'),
  'Mutation.schedulePause': needs('EDIT'),
  'Mutation.scheduleResume': needs('EDIT'),
  'Mutation.scheduleTrigger': needs('RUN'),
  'Mutation.scheduleUpdate': needs('EDIT'),
  'Mutation.secretDelete': needs('ADMIN', 'ALL'),
  'Mutation.secretSet': needs('ADMIN', 'ALL'),
  'Mutation.tokenCreate': needs('ADMIN', 'ALL'),
  'Mutation.tokenMint': needs('RUN'),
  'Mutation.tokenRevoke': needs('ADMIN', 'ALL'),
  'Mutation.webhookCreate': needs('EDIT'),
  'Mutation.webhookDelete': needs('EDIT'),
  'Mutation.webhookEndpointCreate': needs('EDIT', 'ALL'),
  'Mutation.webhookEndpointDelete': needs('EDIT', 'ALL'),
  'Mutation.webhookEndpointRotateSecret': needs('EDIT', 'ALL'),
  'Mutation.webhookEndpointTest': needs('EDIT', 'ALL'),
  'Mutation.webhookEndpointUpdate': needs('EDIT', 'ALL'),
  'Mutation.webhookReplay': needs('RUN'),
  'Mutation.webhookRotateSecret': needs('EDIT'),
  'Mutation.webhookUpdate': needs('EDIT'),
  'Mutation.workflowCreate': needs('EDIT'),
  'Mutation.workflowDelete': needs('EDIT'),
  'Mutation.workflowRename': needs('EDIT'),
  'Mutation.workflowUpdate': needs('EDIT'),
  'Mutation.workflowUpsert': needs('EDIT'),

  'Subscription.approvals': needs('READ'),
  'Subscription.changes': needs('READ'),
  'Subscription.executionEvents': needs('READ', 'BROWSER'),
  'Subscription.executionUpdates': needs('READ', 'BROWSER'),
  'Subscription.pythonEnvironmentProgress': needs('EDIT', 'ALL'),
  'Subscription.securityViolationAdded': needs('READ'),
};

/** What is served beside the operations. */
export const endpoints = {
  /** GET /artifacts/<id> */
  artifacts: needs('READ', 'BROWSER'),
  /** GET /executions/<id>/events */
  events: needs('READ', 'BROWSER'),
  /** GET /metrics */
  metrics: needs('READ', 'SERVER'),
  /** POST /files */
  files: needs('RUN', 'BROWSER'),
};

/** Puts each permission before its field. Throws where a field has none. */
export function requirePermissions(schema: GraphQLSchema): void {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  for (const root of roots)
    for (const field of Object.values(root?.getFields() ?? {})) {
      const name = `${root!.name}.${field.name}`;
      const permission = permissions[name];
      if (permission === undefined)
        throw new Error(`Expected graphql/permissions.ts to say what ${name} needs; it says nothing.`);
      // Of a subscription only its source: its resolver runs for each event.
      guard(field, root === schema.getSubscriptionType() ? 'subscribe' : 'resolve', permission);
    }
}

function guard(
  field: GraphQLField<unknown, GraphqlContext>,
  kind: 'resolve' | 'subscribe',
  permission: Permission,
): void {
  const inner = field[kind]!;
  field[kind] = (root, args, context, info) => {
    const refusal = refusalOf(context.caller.principal, permission);
    if (refusal === null) return inner(root, args, context, info);
    throw new GraphQLError(refusal, {
      nodes: info.fieldNodes,
      extensions: { code: 'FORBIDDEN', requiredScope: permission.scope },
    });
  };
}
