import { Arg, Args, Ctx, FieldResolver, ID, Query, Resolver, Root, Subscription } from 'type-graphql';
import * as z from 'zod';
import type { AuditedViolation } from '../../security/violations.ts';
import type { GraphqlContext } from '../context.ts';
import { fetchExecution } from '../execution/execution.resolver.ts';
import { Execution } from '../execution/execution.type.ts';
import { SecurityViolation } from '../execution-event/node-event.type.ts';
import { connectionOf, toConnection, toPageRequest } from '../relay/connection.ts';
import { SecurityViolationsArgs } from './security-violation.input.ts';
import { toSecurityViolation } from './security-violation.mapper.ts';

const SecurityViolationConnection = connectionOf<SecurityViolation>(
  'SecurityViolation',
  () => SecurityViolation,
);
type SecurityViolationConnection = InstanceType<typeof SecurityViolationConnection>;

const AddedArgs = z.object({ workflowId: z.string().nullable().default(null) });

@Resolver(() => SecurityViolation)
export class SecurityViolationResolver {
  @Query(() => SecurityViolationConnection, {
    description:
      'The audit trail of everything that code tried and was not allowed, newest first. The trail is append-only.',
  })
  async securityViolations(
    @Args(() => SecurityViolationsArgs) args: SecurityViolationsArgs,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<SecurityViolationConnection> {
    const page = toPageRequest(args, (text) => /^\d{1,19}$/.test(text));
    const violations = await weft.violations.list(page, args.filter ?? {});
    return toConnection(violations, toSecurityViolation, ({ id }) => id);
  }

  @Subscription(() => SecurityViolation, {
    description: 'Violations as they happen, from now on, in any execution or in those of one workflow.',
    subscribe: ({ args, context }: { args: unknown; context: GraphqlContext }) =>
      context.weft.violations.added(AddedArgs.parse(args), context.acquire),
  })
  securityViolationAdded(
    @Root() line: AuditedViolation,
    @Arg('workflowId', () => ID, { nullable: true, description: 'Only in executions of this workflow.' })
    _workflowId?: string | null,
  ): SecurityViolation {
    return toSecurityViolation(line);
  }

  @FieldResolver(() => Execution, {
    nullable: true,
    description:
      'The execution of the violation; null once the execution is deleted, because the audit trail is kept longer.',
  })
  execution(@Root() { executionId }: Violation, @Ctx() context: GraphqlContext): Promise<Execution | null> {
    return fetchExecution(executionId, context);
  }

  @FieldResolver(() => String, { description: 'Who started the execution.' })
  async principal(
    @Root() { executionId, principal }: Violation,
    @Ctx() { loaders }: GraphqlContext,
  ): Promise<string> {
    return principal ?? (await loaders.execution.load(executionId))!.principal;
  }
}

/** A line of the audit trail, which has its principal itself, or the event of an execution. */
type Violation = Pick<AuditedViolation, 'executionId'> & Partial<Pick<AuditedViolation, 'principal'>>;
