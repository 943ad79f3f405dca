import { Ctx, Query, Resolver } from 'type-graphql';
import type { GraphqlContext } from '../context.ts';
import { Viewer } from './viewer.type.ts';

@Resolver()
export class ViewerResolver {
  @Query(() => Viewer, { description: 'Who sends this request, and what it may do.' })
  viewer(@Ctx() { caller }: GraphqlContext): Viewer {
    const { id, name, kind, scopes, reach, expiresAt } = caller.principal;
    const { workflowKeys = null, labels = null, executionId = null } = reach ?? {};
    return { id, name, kind, scopes: [...scopes], workflowKeys, labels, executionId, expiresAt };
  }
}
