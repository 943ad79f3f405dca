import { Arg, Args, Ctx, ID, Mutation, Query, Resolver } from 'type-graphql';
import { WeftError } from '../../shared/errors.ts';
import { isId } from '../../shared/ids.ts';
import type { GraphqlContext } from '../context.ts';
import { toConnection, toPageRequest } from '../relay/connection.ts';
import { UserError } from '../user-error/user-error.type.ts';
import {
  WorkflowArgs,
  WorkflowCreateArgs,
  WorkflowInput,
  WorkflowRenameArgs,
  WorkflowsArgs,
  WorkflowUpdateArgs,
  WorkflowUpsertArgs,
} from './workflow.input.ts';
import {
  toUpsertPayload,
  toUpsertPlan,
  toWorkflow,
  toWorkflowDraft,
  toWorkflowPayload,
} from './workflow.mapper.ts';
import {
  Workflow,
  WorkflowConnection,
  WorkflowCreatePayload,
  WorkflowDeletePayload,
  WorkflowRenamePayload,
  WorkflowUpdatePayload,
  WorkflowUpsertPayload,
  WorkflowUpsertPlan,
} from './workflow.type.ts';

@Resolver()
export class WorkflowResolver {
  @Query(() => Workflow, {
    nullable: true,
    description:
      'One workflow, by its id or by its key; null when there is none of that name, or when it was deleted.',
  })
  async workflow(
    @Args(() => WorkflowArgs) { id, key }: WorkflowArgs,
    @Ctx() context: GraphqlContext,
  ): Promise<Workflow | null> {
    if ((id == null) === (key == null))
      throw new WeftError(
        'BAD_USER_INPUT',
        `Expected either \`id\` or \`key\`, got ${id == null ? 'none' : 'both'}.`,
      );
    if (id != null) return fetchWorkflow(id, context);
    const workflow = await context.weft.workflows.getByKey(key!);
    return workflow && toWorkflow(workflow);
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

  @Query(() => WorkflowUpsertPlan, {
    description: 'What `workflowUpsert` would do, with all faults of the workflow. Saves nothing.',
  })
  async workflowUpsertPlan(
    @Arg('key', () => String, { description: 'The key of the workflow.' }) key: string,
    @Arg('input', () => WorkflowInput, { description: 'The workflow as a whole.' }) input: WorkflowInput,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<WorkflowUpsertPlan> {
    return toUpsertPlan(await weft.workflows.upsertPlan(key, toWorkflowDraft(input)));
  }

  @Mutation(() => WorkflowCreatePayload, { description: 'Saves a new workflow, as its version 1.' })
  async workflowCreate(
    @Args(() => WorkflowCreateArgs) { input, key }: WorkflowCreateArgs,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<WorkflowCreatePayload> {
    return toWorkflowPayload(await weft.workflows.create(toWorkflowDraft(input), key));
  }

  @Mutation(() => WorkflowUpsertPayload, {
    description:
      'Makes the workflow of this key what the input says: creates it, adds a version where the input differs from the latest one, or changes nothing. For programs that keep workflows in files.',
  })
  async workflowUpsert(
    @Args(() => WorkflowUpsertArgs) { key, input, expectedVersion }: WorkflowUpsertArgs,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<WorkflowUpsertPayload> {
    return toUpsertPayload(await weft.workflows.upsert(key, toWorkflowDraft(input), expectedVersion));
  }

  @Mutation(() => WorkflowRenamePayload, {
    description: 'Gives a workflow another key. What names it by the former one does not find it any more.',
  })
  async workflowRename(
    @Args(() => WorkflowRenameArgs) { id, key }: WorkflowRenameArgs,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<WorkflowRenamePayload> {
    const outcome = await weft.workflows.rename(id, key);
    return outcome.ok
      ? { workflow: toWorkflow(outcome.value), userErrors: [] }
      : { workflow: null, userErrors: outcome.userErrors };
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
