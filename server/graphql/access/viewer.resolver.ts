import { Ctx, Query, Resolver } from 'type-graphql';
import { tightest } from '../../auth/accounts.ts';
import type { GraphqlContext } from '../context.ts';
import { Viewer } from './viewer.type.ts';

@Resolver()
export class ViewerResolver {
  @Query(() => Viewer, { description: 'Who sends this request, and what it may do.' })
  viewer(@Ctx() { caller }: GraphqlContext): Viewer {
    const { id, name, kind, scopes, projects, reach, accounts, expiresAt } = caller.principal;
    const { project, workflowKeys, labels, executionId } = reach;
    const limits = { project, projects, workflowKeys, labels, executionId };
    return { id, name, kind, scopes: [...scopes], ...limits, ...tightest(accounts), expiresAt };
  }
}
