import type { GraphQLResolveInfo } from 'graphql';
import { Args, Ctx, FieldResolver, Info, Resolver, Root } from 'type-graphql';
import { toCursor } from '../../journal/cursor.ts';
import { isId } from '../../shared/ids.ts';
import { sizeOf } from '../../shared/value-size.ts';
import { Artifact } from '../artifact/artifact.type.ts';
import type { GraphqlContext } from '../context.ts';
import { toEvent } from '../execution-event/execution-event.mapper.ts';
import { ExecutionEventConnection } from '../execution-event/execution-event.type.ts';
import { toConnection, toPageRequest } from '../relay/connection.ts';
import { PageArgs } from '../relay/page.args.ts';
import { JsonScalar } from '../scalars.ts';
import { Schedule } from '../schedule/schedule.type.ts';
import { selects } from '../selects.ts';
import { Webhook } from '../webhook/webhook.type.ts';
import { toWorkflow, toWorkflowVersion } from '../workflow/workflow.mapper.ts';
import { Workflow, WorkflowVersion } from '../workflow/workflow.type.ts';
import { toExecution, toNodeExecution } from './execution.mapper.ts';
import { fetchExecution } from './execution.resolver.ts';
import { Execution, ExecutionConnection, ExecutionParent, NodeExecution } from './execution.type.ts';
import { WaitingFor } from './waiting-for.type.ts';

/** What an execution leads to. */
@Resolver(() => Execution)
export class ExecutionFieldsResolver {
  @FieldResolver(() => JsonScalar, {
    nullable: true,
    description: 'The input that the execution was started with.',
  })
  async input(@Root() { id }: Execution, @Ctx() { loaders }: GraphqlContext): Promise<unknown> {
    return (await loaders.executionValues.load(id)).input;
  }

  @FieldResolver(() => JsonScalar, {
    nullable: true,
    description: 'The result of its output nodes; null until the execution has SUCCEEDED.',
  })
  async output(@Root() { id, status }: Execution, @Ctx() { loaders }: GraphqlContext): Promise<unknown> {
    return status === 'SUCCEEDED' ? (await loaders.executionValues.load(id)).output : null;
  }

  @FieldResolver(() => WaitingFor, {
    nullable: true,
    description:
      'Why it has not begun: a limit of its workflow, or that all workers are busy; null once it has.',
  })
  async waitingFor(
    @Root() { id, startedAt, finishedAt }: Execution,
    @Ctx() { loaders }: GraphqlContext,
  ): Promise<WaitingFor | null> {
    return startedAt === null && finishedAt === null ? loaders.waitingFor.load(id) : null;
  }

  @FieldResolver(() => Workflow, {
    nullable: true,
    description: 'The workflow of the execution, even if it has been deleted since; null for a `pythonRun`.',
  })
  async workflow(
    @Root() { workflowId }: Execution,
    @Ctx() { loaders }: GraphqlContext,
  ): Promise<Workflow | null> {
    const workflow = workflowId && (await loaders.workflow.load(workflowId));
    return workflow ? toWorkflow(workflow) : null;
  }

  @FieldResolver(() => WorkflowVersion, {
    nullable: true,
    description: 'The version of the workflow that is run; null for a `pythonRun`.',
  })
  async version(
    @Root() { workflowId, versionNumber }: Execution,
    @Ctx() { loaders }: GraphqlContext,
  ): Promise<WorkflowVersion | null> {
    if (workflowId === null || versionNumber === null) return null;
    const version = await loaders.workflowVersion.load({ workflowId, number: versionNumber });
    return version && toWorkflowVersion(version);
  }

  @FieldResolver(() => Execution, { nullable: true, description: 'The execution that this one retries.' })
  async retryOf(@Root() { retryOfId }: Execution, @Ctx() context: GraphqlContext): Promise<Execution | null> {
    return retryOfId === null ? null : await fetchExecution(retryOfId, context);
  }

  @FieldResolver(() => Schedule, {
    nullable: true,
    description: 'The schedule that started it; null where none did, or it was deleted.',
  })
  async schedule(
    @Root() { scheduleId }: Execution,
    @Ctx() { loaders }: GraphqlContext,
  ): Promise<Schedule | null> {
    return scheduleId === null ? null : loaders.schedule.load(scheduleId);
  }

  @FieldResolver(() => Webhook, {
    nullable: true,
    description: 'The webhook that started it; null where none did, or it was deleted.',
  })
  async webhook(
    @Root() { webhookId }: Execution,
    @Ctx() { loaders }: GraphqlContext,
  ): Promise<Webhook | null> {
    return webhookId === null ? null : loaders.webhook.load(webhookId);
  }

  @FieldResolver(() => ExecutionParent, {
    nullable: true,
    description: 'The node that started the execution (`subworkflow`, `repeat`); null where none did.',
  })
  async parent(
    @Root() { parentNode }: Execution,
    @Ctx() context: GraphqlContext,
  ): Promise<ExecutionParent | null> {
    const execution = parentNode && (await fetchExecution(parentNode.executionId, context));
    return execution && { execution, nodeKey: parentNode!.nodeKey, item: parentNode!.item };
  }

  @FieldResolver(() => ExecutionConnection, {
    description: 'The executions that its nodes have started, newest first.',
  })
  async children(
    @Root() { id }: Execution,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<ExecutionConnection> {
    const page = toPageRequest(args, (text) => isId('exec', text));
    return toConnection(await weft.executions.list(page, { parentId: id }), toExecution, (each) => each.id);
  }

  @FieldResolver(() => [NodeExecution], {
    description: 'The nodes that have begun or were skipped, with the items of nodes that run `forEach`.',
  })
  async nodeExecutions(
    @Root() { id }: Execution,
    @Ctx() { weft, budget }: GraphqlContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<NodeExecution[]> {
    const spend = selects(info, 'output') ? budget.spend : null;
    return (await weft.executions.nodeExecutions(id, spend)).map(toNodeExecution);
  }

  @FieldResolver(() => [Artifact], {
    description: 'Files that its nodes have saved so far, in order; the first 1000.',
  })
  artifacts(@Root() { id }: Execution, @Ctx() { weft }: GraphqlContext): Promise<Artifact[]> {
    return weft.executions.artifacts(id);
  }

  @FieldResolver(() => ExecutionEventConnection, {
    description:
      'The events of the execution so far, from the first. To follow the execution live, subscribe to `executionEvents`.',
  })
  async events(
    @Root() { id }: Execution,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() { weft, budget }: GraphqlContext,
  ): Promise<ExecutionEventConnection> {
    const page = toPageRequest(args, () => true);
    const events = await weft.executions.events(id, page);
    budget.spend(sizeOf(events.items).bytes);
    return toConnection(events, toEvent, ({ sequence }) => toCursor(id, sequence));
  }
}
