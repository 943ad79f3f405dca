import { Arg, Args, Ctx, ID, Mutation, Query, Resolver } from 'type-graphql';
import { isId } from '../../shared/ids.ts';
import type { GraphqlContext } from '../context.ts';
import { toConnection, toPageRequest } from '../relay/connection.ts';
import { UserError } from '../user-error/user-error.type.ts';
import { WorkflowInput, WorkflowsArgs, WorkflowUpdateArgs } from './workflow.input.ts';
import { toWorkflow, toWorkflowDraft, toWorkflowPayload } from './workflow.mapper.ts';
import {
  Workflow,
  WorkflowConnection,
  WorkflowCreatePayload,
  WorkflowDeletePayload,
  WorkflowUpdatePayload,
} from './workflow.type.ts';

@Resolver()
export class WorkflowResolver {
  @Query(() => Workflow, {
    nullable: true,
    description: 'One workflow; null when there is none with that id, or when it was deleted.',
  })
  workflow(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Ctx() context: GraphqlContext,
  ): Promise<Workflow | null> {
    return fetchWorkflow(id, context);
  }

  @Query(() => WorkflowConnection, { description: 'Workflows, newest first.' })
  async workflows(
    @Args(() => WorkflowsArgs) args: WorkflowsArgs,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<WorkflowConnection> {
    const page = toPageRequest(args, (text) => isId('wf', text));
    return toConnection(await weft.workflows.list(page, args.filter ?? {}), toWorkflow, ({ id }) => id);
  }

  @Query(() => [UserError], {
    description:
      'All faults of a workflow, without saving it: errors, then warnings. A workflow without an error can be saved and run. For editors.',
  })
  workflowValidate(
    @Arg('input', () => WorkflowInput, { description: 'The workflow as a whole.' }) input: WorkflowInput,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<UserError[]> {
    return weft.workflows.validate(toWorkflowDraft(input));
  }

  @Mutation(() => WorkflowCreatePayload, { description: 'Saves a new workflow, as its version 1.' })
  async workflowCreate(
    @Arg('input', () => WorkflowInput, { description: 'The workflow as a whole.' }) input: WorkflowInput,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<WorkflowCreatePayload> {
    return toWorkflowPayload(await weft.workflows.create(toWorkflowDraft(input)));
  }

  @Mutation(() => WorkflowUpdatePayload, {
    description: 'Saves a new version of a workflow. Executions of earlier versions are not affected.',
  })
  async workflowUpdate(
    @Args(() => WorkflowUpdateArgs) { id, input, expectedVersion }: WorkflowUpdateArgs,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<WorkflowUpdatePayload> {
    return toWorkflowPayload(await weft.workflows.update(id, toWorkflowDraft(input), expectedVersion));
  }

  @Mutation(() => WorkflowDeletePayload, {
    description:
      'Deletes a workflow from the list. Its executions, and the versions that they ran, stay readable.',
  })
  async workflowDelete(
    @Arg('id', () => ID, { description: 'The workflow to delete.' }) id: string,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<WorkflowDeletePayload> {
    const outcome = await weft.workflows.delete(id);
    return outcome.ok
      ? { deletedWorkflowId: outcome.value.id, userErrors: [] }
      : { deletedWorkflowId: null, userErrors: outcome.userErrors };
  }
}

/** Not by the loader, which finds deleted workflows too. */
export async function fetchWorkflow(id: string, { weft }: GraphqlContext): Promise<Workflow | null> {
  const workflow = isId('wf', id) ? await weft.workflows.get(id) : null;
  return workflow && toWorkflow(workflow);
}
