import { Args, Ctx, FieldResolver, Query, Resolver, Root } from 'type-graphql';
import type { GraphqlContext } from '../context.ts';
import { fetchExecution } from '../execution/execution.resolver.ts';
import { Execution } from '../execution/execution.type.ts';
import { connectionOf, toConnection, toPageRequest } from '../relay/connection.ts';
import { PageArgs } from '../relay/page.args.ts';
import { RaisedSecurityAlert } from './security-alert.type.ts';

const RaisedSecurityAlertConnection = connectionOf<RaisedSecurityAlert>(
  'RaisedSecurityAlert',
  () => RaisedSecurityAlert,
);
type RaisedSecurityAlertConnection = InstanceType<typeof RaisedSecurityAlertConnection>;

@Resolver(() => RaisedSecurityAlert)
export class SecurityAlertResolver {
  @Query(() => RaisedSecurityAlertConnection, {
    description: 'Alerts that repeated violations have raised (WEFT_ALERT_VIOLATIONS), newest first.',
  })
  async securityAlerts(
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<RaisedSecurityAlertConnection> {
    const page = toPageRequest(args, (text) => /^\d{1,19}$/.test(text));
    return toConnection(
      await weft.violations.alerts(page),
      (alert) => alert,
      ({ id }) => id,
    );
  }

  @FieldResolver(() => Execution, {
    nullable: true,
    description: 'The execution whose violation was one too many; null where it was deleted since.',
  })
  execution(
    @Root() { executionId }: RaisedSecurityAlert,
    @Ctx() context: GraphqlContext,
  ): Promise<Execution | null> {
    return fetchExecution(executionId, context);
  }
}
