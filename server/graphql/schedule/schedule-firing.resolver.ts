import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import type { GraphqlContext } from '../context.ts';
import { fetchExecution } from '../execution/execution.resolver.ts';
import { Execution } from '../execution/execution.type.ts';
import { ScheduleFiring } from './schedule.type.ts';

@Resolver(() => ScheduleFiring)
export class ScheduleFiringResolver {
  @FieldResolver(() => Execution, {
    nullable: true,
    description: 'What was started; null where nothing was, or it was deleted.',
  })
  async execution(
    @Root() { executionId }: ScheduleFiring,
    @Ctx() context: GraphqlContext,
  ): Promise<Execution | null> {
    return executionId === null ? null : fetchExecution(executionId, context);
  }
}
