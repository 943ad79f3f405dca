import { Args, Ctx, Query, Resolver, Root, Subscription } from 'type-graphql';
import * as z from 'zod';
import { WeftError } from '../../shared/errors.ts';
import { type ChangeFilter, changeTypes } from '../../use-cases/changes/change.ts';
import type { GraphqlContext } from '../context.ts';
import { ChangeListArgs, ChangesArgs } from './change.input.ts';
import { ChangeBatch } from './change.type.ts';

const nullable = <T extends z.ZodType>(type: T) => type.nullable().default(null);
const FollowArgs = z.object({
  after: z.string().nullable().default('newest'),
  filter: nullable(
    z.object({
      types: nullable(z.array(z.enum(changeTypes))),
      workflowKeys: nullable(z.array(z.string())),
      executionId: nullable(z.string()),
      labels: nullable(z.record(z.string(), z.string())),
    }),
  ),
});

const PAGE = 100;
/** Of each list of a filter. */
const MAX_NAMES = 1_000;

@Resolver()
export class ChangeResolver {
  @Query(() => ChangeBatch, {
    description:
      'Changes of all executions that the token reaches, after a cursor: the feed of the subscription `changes`, for those who poll. Read on with `after: endCursor`; a batch may be empty before the end. Without `after` it begins at `oldest`. Errors: `INVALID_CURSOR`, `CURSOR_EXPIRED`.',
  })
  changeList(
    @Args(() => ChangeListArgs) { after, filter, first }: ChangeListArgs,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<ChangeBatch> {
    return weft.changes.list(after ?? 'oldest', pageSize(first), bounded(filter));
  }

  @Subscription(() => ChangeBatch, {
    description:
      'Changes of all executions that the token reaches, from a place in the feed, then live: durable, without a gap and in one order, whatever replica one asks. Without `after` it begins at `newest`. The first batch that reaches the end comes at once, even when it is empty; a batch with nothing but a newer `endCursor` comes now and then. Errors: `INVALID_CURSOR`, `CURSOR_EXPIRED`.',
    subscribe: ({ args, context }: { args: unknown; context: GraphqlContext }) => {
      const { after, filter } = FollowArgs.parse(args);
      return context.weft.changes.follow(after ?? 'newest', bounded(filter), context.acquire);
    },
  })
  changes(@Root() batch: ChangeBatch, @Args(() => ChangesArgs) _args: ChangesArgs): ChangeBatch {
    return batch;
  }
}

/** @throws WeftError BAD_USER_INPUT */
function pageSize(first: number | null | undefined): number {
  const size = first ?? PAGE;
  if (size >= 1 && size <= PAGE) return size;
  throw new WeftError('BAD_USER_INPUT', `Expected \`first\` to be 1 to ${PAGE}, got ${size}.`);
}

/** @throws WeftError BAD_USER_INPUT */
function bounded(filter: ChangeFilter | null | undefined): ChangeFilter {
  for (const name of ['types', 'workflowKeys'] as const) {
    const count = filter?.[name]?.length ?? 0;
    if (count > MAX_NAMES)
      throw new WeftError('BAD_USER_INPUT', `Expected at most ${MAX_NAMES} \`${name}\`, got ${count}.`);
  }
  return filter ?? {};
}
