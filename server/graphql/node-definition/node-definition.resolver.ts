import { Arg, Ctx, Query, Resolver } from 'type-graphql';
import type { NodeDescription } from '../../nodes/describe.ts';
import type { GraphqlContext } from '../context.ts';
import { NodeDefinition } from './node-definition.type.ts';

@Resolver()
export class NodeDefinitionResolver {
  @Query(() => [NodeDefinition], { description: 'All types of nodes that workflows can be made of.' })
  nodeDefinitions(@Ctx() { weft }: GraphqlContext): readonly NodeDescription[] {
    return weft.nodeDefinitions();
  }

  @Query(() => NodeDefinition, {
    nullable: true,
    description: 'One type of node; null when there is none with that name.',
  })
  nodeDefinition(
    @Arg('type', () => String, { description: 'Its type, such as `python`.' }) type: string,
    @Ctx() { weft }: GraphqlContext,
  ): NodeDescription | null {
    return weft.nodeDefinitions().find((definition) => definition.type === type) ?? null;
  }
}
