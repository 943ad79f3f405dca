import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import type { GraphqlContext } from '../context.ts';
import { fetchExecution } from '../execution/execution.resolver.ts';
import { Execution } from '../execution/execution.type.ts';
import { Change } from './change.type.ts';

@Resolver(() => Change)
export class ChangeFieldsResolver {
  @FieldResolver(() => Execution, {
    nullable: true,
    description: 'The execution as it is now, which may be later than the change; null where it was deleted.',
  })
  execution(@Root() { executionId }: Change, @Ctx() context: GraphqlContext): Promise<Execution | null> {
    return fetchExecution(executionId, context);
  }
}
