import 'reflect-metadata';
import type { GraphQLInterfaceType, GraphQLSchema, GraphQLTypeResolver } from 'graphql';
import * as typeGraphql from 'type-graphql';
import { TokenResolver } from './access/token.resolver.ts';
import { ViewerResolver } from './access/viewer.resolver.ts';
import { ApprovalResolver } from './approval/approval.resolver.ts';
import { ApprovalSubscription } from './approval/approval.subscription.ts';
import { AuditResolver } from './audit/audit.resolver.ts';
import { requireAudit } from './audit/audited.ts';
import { ChangeResolver } from './change/change.resolver.ts';
import { ChangeFieldsResolver } from './change/change-fields.resolver.ts';
import { DeliveryResolver } from './delivery/delivery.resolver.ts';
import { BulkResolver } from './execution/bulk.resolver.ts';
import { ExecutionResolver } from './execution/execution.resolver.ts';
import { ExecutionSubscription } from './execution/execution.subscription.ts';
import { ExecutionFieldsResolver } from './execution/execution-fields.resolver.ts';
import { typeNameOfEvent } from './execution-event/execution-event.mapper.ts';
import { ExecutionEventResolver } from './execution-event/execution-event.resolver.ts';
import * as nodeEvents from './execution-event/node-event.type.ts';
import { NodeDefinitionResolver } from './node-definition/node-definition.resolver.ts';
import { requirePermissions } from './permissions.ts';
import { ProjectResolver } from './project/project.resolver.ts';
import { PythonResolver } from './python/python.resolver.ts';
import { PythonEnvironmentResolver } from './python-environment/python-environment.resolver.ts';
import { NodeResolver, typeNameOfId } from './relay/node.resolver.ts';
import { ScheduleResolver } from './schedule/schedule.resolver.ts';
import { ScheduleFiringResolver } from './schedule/schedule-firing.resolver.ts';
import { SecretResolver } from './secret/secret.resolver.ts';
import { SecurityAlertResolver } from './security-violation/security-alert.resolver.ts';
import { SecurityViolationResolver } from './security-violation/security-violation.resolver.ts';
import { ServerInfoResolver } from './server-info/server-info.resolver.ts';
import { requireStorableText } from './storable-text.ts';
import { UserErrorResolver } from './user-error/user-error.resolver.ts';
import { WebhookResolver } from './webhook/webhook.resolver.ts';
import { WebhookRequestResolver } from './webhook/webhook-request.resolver.ts';
import { WorkflowResolver } from './workflow/workflow.resolver.ts';
import { WorkflowFieldsResolver } from './workflow/workflow-fields.resolver.ts';

/** The whole schema. It holds no state: what its resolvers work on comes with the context. */
export async function buildSchema(): Promise<GraphQLSchema> {
  requireStorableText();
  const schema = await typeGraphql.buildSchema({
    resolvers: [
      NodeDefinitionResolver,
      WorkflowResolver,
      WorkflowFieldsResolver,
      ExecutionResolver,
      BulkResolver,
      ExecutionFieldsResolver,
      ExecutionSubscription,
      ExecutionEventResolver,
      ApprovalResolver,
      ApprovalSubscription,
      ChangeResolver,
      ChangeFieldsResolver,
      ScheduleResolver,
      ScheduleFiringResolver,
      WebhookResolver,
      WebhookRequestResolver,
      DeliveryResolver,
      PythonResolver,
      PythonEnvironmentResolver,
      SecurityAlertResolver,
      SecurityViolationResolver,
      ServerInfoResolver,
      NodeResolver,
      ProjectResolver,
      TokenResolver,
      SecretResolver,
      AuditResolver,
      ViewerResolver,
      UserErrorResolver,
    ],
    orphanedTypes: Object.values(nodeEvents),
    validate: false,
    pubSub: unusedPubSub,
    skipCheck: true, // takes a quarter of a second of every start; print-schema.ts checks
  });
  setTypeResolver(schema, 'ExecutionEvent', typeNameOfEvent);
  setTypeResolver(schema, 'Node', ({ id }: { id: string }) => typeNameOfId(id));
  // The resolver that type-graphql makes is asynchronous, and checks the arguments again for each batch.
  delete schema.getSubscriptionType()!.getFields().executionEvents!.resolve;
  requirePermissions(schema);
  requireAudit(schema);
  for (const [root, description] of Object.entries(rootDescriptions))
    schema.getType(root)!.description = description;
  return schema;
}

const rootDescriptions = {
  Query: 'All reads.',
  Mutation:
    'All changes. Faults in the input are `userErrors` of the payload; top-level errors are for the operation itself, the token and the server.',
  Subscription:
    'All live streams, over a WebSocket (graphql-transport-ws) or server-sent events (graphql-sse).',
};

/** type-graphql requires a `pubSub` even where every subscription has its own `subscribe`. */
const unusedPubSub = { publish() {}, subscribe: () => unused() };

function unused(): never {
  throw new Error('Expected every subscription to have a `subscribe` of its own');
}

/** The `resolveType` option of type-graphql makes a promise for each value: too slow for a hundred thousand events. */
function setTypeResolver<T>(schema: GraphQLSchema, name: string, typeNameOf: (value: T) => string): void {
  (schema.getType(name) as GraphQLInterfaceType).resolveType = typeNameOf as GraphQLTypeResolver<
    unknown,
    unknown
  >;
}
