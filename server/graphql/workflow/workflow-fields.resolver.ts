import { Arg, Args, Ctx, FieldResolver, Int, Resolver, Root } from 'type-graphql';
import type { GraphqlContext } from '../context.ts';
import { WorkflowExecutionsArgs } from '../execution/execution.input.ts';
import { listExecutions } from '../execution/execution.resolver.ts';
import { ExecutionConnection } from '../execution/execution.type.ts';
import { toConnection, toPageRequest } from '../relay/connection.ts';
import { PageArgs } from '../relay/page.args.ts';
import { toWorkflowVersion } from './workflow.mapper.ts';
import { Workflow, WorkflowVersion, WorkflowVersionConnection } from './workflow.type.ts';

/** What a workflow leads to. */
@Resolver(() => Workflow)
export class WorkflowFieldsResolver {
  @FieldResolver(() => WorkflowVersion, {
    nullable: true,
    description: 'One of its versions; null when there is none with that number.',
  })
  async version(
    @Root() { id }: Workflow,
    @Arg('number', () => Int, { description: 'Its number, from 1.' }) number: number,
    @Ctx() { loaders }: GraphqlContext,
  ): Promise<WorkflowVersion | null> {
    const version = await loaders.workflowVersion.load({ workflowId: id, number });
    return version && toWorkflowVersion(version);
  }

  @FieldResolver(() => WorkflowVersionConnection, { description: 'Its versions, newest first.' })
  async versions(
    @Root() { id }: Workflow,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<WorkflowVersionConnection> {
    const page = toPageRequest(args, (text) => /^\d{1,9}$/.test(text));
    const versions = await weft.workflows.versions(id, page);
    return toConnection(versions, toWorkflowVersion, ({ number }) => String(number));
  }

  @FieldResolver(() => ExecutionConnection, { description: 'Its executions, newest first.' })
  executions(
    @Root() { id }: Workflow,
    @Args(() => WorkflowExecutionsArgs) { statuses, ...page }: WorkflowExecutionsArgs,
    @Ctx() context: GraphqlContext,
  ): Promise<ExecutionConnection> {
    return listExecutions({ ...page, filter: { workflowId: id, statuses } }, context);
  }
}
