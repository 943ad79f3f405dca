import { Arg, Args, Ctx, Int, Mutation, Query, Resolver } from 'type-graphql';
import { isId } from '../../shared/ids.ts';
import type { BulkResult } from '../../use-cases/bulk.ts';
import { refuse } from '../../use-cases/refuse.ts';
import type { UserError } from '../../use-cases/types.ts';
import { type GraphqlContext, startedBy } from '../context.ts';
import { DateTimeScalar } from '../scalars.ts';
import { ExecutionCountArgs, ExecutionsCancelArgs, ExecutionsRetryArgs } from './execution.input.ts';
import { ExecutionStats, ExecutionsPayload } from './execution.type.ts';

/** What is done with all executions of a filter. */
@Resolver()
export class BulkResolver {
  @Query(() => Int, { description: 'How many executions a filter has.' })
  executionCount(
    @Args(() => ExecutionCountArgs) { filter }: ExecutionCountArgs,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<number> {
    return weft.executions.count(filter ?? {});
  }

  @Query(() => [ExecutionStats], {
    description:
      'Counts and durations of executions over time, for charts: a span for each bucket, in order.',
  })
  executionStats(
    @Args(() => ExecutionCountArgs) { filter }: ExecutionCountArgs,
    @Arg('from', () => DateTimeScalar, { description: 'Where the first span begins.' }) from: Date,
    @Arg('to', () => DateTimeScalar, { nullable: true, description: 'Where the last ends; by default now.' })
    to: Date | null | undefined,
    @Arg('buckets', () => Int, { defaultValue: 24, description: 'How many spans, 1 to 500.' })
    buckets: number,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<ExecutionStats[]> {
    return weft.executions.stats(filter ?? {}, { from, to: to ?? new Date(), buckets });
  }

  @Mutation(() => ExecutionsPayload, {
    description:
      'Cancels the executions of a filter that have not ended, newest first and a bounded number a request.',
  })
  async executionsCancel(
    @Args(() => ExecutionsCancelArgs) { mode, ...args }: ExecutionsCancelArgs,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<ExecutionsPayload> {
    const wrong = problemsOf(args);
    return wrong ?? done(await weft.executions.cancelAll({ ...args, after: args.after ?? null }, mode));
  }

  @Mutation(() => ExecutionsPayload, {
    description:
      'Retries the executions of a filter that have ended, without `statuses` those that FAILED or were CANCELED; newest first and a bounded number a request.',
  })
  async executionsRetry(
    @Args(() => ExecutionsRetryArgs) args: ExecutionsRetryArgs,
    @Ctx() { weft, caller }: GraphqlContext,
  ): Promise<ExecutionsPayload> {
    const { after = null, idempotencyKey = null } = args;
    const wrong = problemsOf(args);
    return (
      wrong ?? done(await weft.executions.retryAll({ ...args, ...startedBy(caller), after, idempotencyKey }))
    );
  }
}

interface Checked {
  first: number;
  after?: string | null;
  idempotencyKey?: string | null;
}

const MAX_FIRST = 500;
const MAX_KEY_LENGTH = 100;

function problemsOf({ first, after, idempotencyKey: key }: Checked): ExecutionsPayload | null {
  if (first < 1 || first > MAX_FIRST)
    return refused('first', `Expected \`first\` to be from 1 to ${MAX_FIRST}, got ${first}.`);
  if (after != null && !isId('exec', after))
    return refused('after', 'Expected `after` to be an `endCursor` that a former request gave.');
  if (key != null && (key.length < 1 || key.length > MAX_KEY_LENGTH))
    return refused(
      'idempotencyKey',
      `Expected a key of 1 to ${MAX_KEY_LENGTH} characters, got ${key.length}.`,
    );
  return null;
}

const nothing: BulkResult = { matched: 0, changed: 0, refused: 0, refusals: [], endCursor: null };

function refused(field: string, message: string): ExecutionsPayload {
  return { ...nothing, ...userErrorsOf(refuse('INVALID', field, message).userErrors) };
}

function done(result: BulkResult): ExecutionsPayload {
  return { ...result, ...userErrorsOf([]) };
}

function userErrorsOf(userErrors: UserError[]): Pick<ExecutionsPayload, 'userErrors'> {
  return { userErrors };
}
