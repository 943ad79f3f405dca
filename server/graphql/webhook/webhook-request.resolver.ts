import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import type { GraphqlContext } from '../context.ts';
import { fetchExecution } from '../execution/execution.resolver.ts';
import { Execution } from '../execution/execution.type.ts';
import { encodingOf } from './webhook.mapper.ts';
import { WebhookRequest } from './webhook.type.ts';

@Resolver(() => WebhookRequest)
export class WebhookRequestResolver {
  @FieldResolver(() => Execution, {
    nullable: true,
    description: 'What it was answered with; null where nothing had started, or it was deleted.',
  })
  async execution(
    @Root() { executionId }: WebhookRequest,
    @Ctx() context: GraphqlContext,
  ): Promise<Execution | null> {
    return executionId === null ? null : fetchExecution(executionId, context);
  }

  @FieldResolver(() => String, {
    nullable: true,
    description: 'The first 64 KiB of its body, as `bodyEncoding` says; null where it was not recorded.',
  })
  body(@Root() { bytes }: WebhookRequest): string | null {
    return bytes === null ? null : bytes.toString(encodingOf(bytes) ?? 'utf8');
  }

  @FieldResolver(() => String, {
    nullable: true,
    description: '`base64` where `body` is no text; else null.',
  })
  bodyEncoding(@Root() { bytes }: WebhookRequest): string | null {
    return encodingOf(bytes);
  }
}
