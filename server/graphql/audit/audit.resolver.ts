import { Args, Ctx, Query, Resolver } from 'type-graphql';
import { isId } from '../../shared/ids.ts';
import type { GraphqlContext } from '../context.ts';
import { toConnection, toPageRequest } from '../relay/connection.ts';
import { AuditedOperationConnection, AuditLogArgs } from './audit.type.ts';

@Resolver()
export class AuditResolver {
  @Query(() => AuditedOperationConnection, {
    description:
      'The audit trail of all that clients changed, or tried to, newest first. It is append-only; lines older than the setting WEFT_AUDIT_DAYS are deleted.',
  })
  async auditLog(
    @Args(() => AuditLogArgs) args: AuditLogArgs,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<AuditedOperationConnection> {
    const page = toPageRequest(args, (text) => isId('aud', text));
    return toConnection(
      await weft.audit.list(page, args.filter ?? {}),
      (line) => line,
      ({ id }) => id,
    );
  }
}
