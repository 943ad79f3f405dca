import { Ctx, Query, Resolver } from 'type-graphql';
import type * as workflows from '../../use-cases/weft.ts';
import type { GraphqlContext } from '../context.ts';
import { ServerInfo } from './server-info.type.ts';

@Resolver()
export class ServerInfoResolver {
  @Query(() => ServerInfo, {
    description: 'The server that answers, and what its sandbox can do on this host.',
  })
  serverInfo(@Ctx() { weft }: GraphqlContext): Promise<workflows.ServerInfo> {
    return weft.serverInfo();
  }
}
