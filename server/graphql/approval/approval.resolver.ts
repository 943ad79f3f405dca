import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import { isId } from '../../shared/ids.ts';
import type { GraphqlContext } from '../context.ts';
import { fetchExecution } from '../execution/execution.resolver.ts';
import { Execution } from '../execution/execution.type.ts';
import { toConnection, toPageRequest } from '../relay/connection.ts';
import { ApprovalResolveInput, ApprovalsArgs } from './approval.input.ts';
import { Approval, ApprovalConnection, ApprovalResolvePayload } from './approval.type.ts';

@Resolver(() => Approval)
export class ApprovalResolver {
  @Query(() => ApprovalConnection, {
    description: 'What nodes of the type `approval` ask people, newest first.',
  })
  async approvals(
    @Args(() => ApprovalsArgs) args: ApprovalsArgs,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<ApprovalConnection> {
    const page = toPageRequest(args, (text) => isId('appr', text));
    return toConnection(
      await weft.approvals.list(page, args.filter ?? {}),
      (approval) => approval as Approval,
      (approval) => approval.id,
    );
  }

  @Query(() => Approval, { nullable: true, description: 'An approval by its id; null where there is none.' })
  approval(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<Approval | null> {
    return weft.approvals.get(id);
  }

  @Mutation(() => ApprovalResolvePayload, {
    description:
      'Decides on an approval. Its execution goes on where as many approved as must, or one rejected.',
  })
  async approvalResolve(
    @Arg('input', () => ApprovalResolveInput, { description: 'The decision.' }) input: ApprovalResolveInput,
    @Ctx() { weft, caller }: GraphqlContext,
  ): Promise<ApprovalResolvePayload> {
    const outcome = await weft.approvals.resolve(input.id, {
      ...input,
      principal: caller.principal.id,
    });
    return outcome.ok
      ? { approval: outcome.value, userErrors: [] }
      : { approval: null, userErrors: outcome.userErrors };
  }

  @FieldResolver(() => Execution, { nullable: true, description: 'The execution that waits.' })
  execution(@Root() { executionId }: Approval, @Ctx() context: GraphqlContext): Promise<Execution | null> {
    return fetchExecution(executionId, context);
  }
}
