import { ArgsType, Field, ID, InputType, Int } from 'type-graphql';
import type {
  WebhookMethod as Method,
  WebhookRespond as Respond,
  WebhookSignature as Signature,
} from '../../use-cases/webhooks/webhook.ts';
import { PageArgs } from '../relay/page.args.ts';
import { DateTimeScalar } from '../scalars.ts';
import { WebhookMethod, WebhookRespond, WebhookSignature } from './webhook.enums.ts';

@InputType({ description: 'How a webhook takes requests. A field that is left out has its default.' })
export class WebhookInput {
  @Field(() => String, {
    nullable: true,
    description: 'A name for people, 1 to 200 characters; by default `Webhook`.',
  })
  name?: string | null;

  @Field(() => Int, {
    nullable: true,
    description: 'The version to run; by default the latest at each request.',
  })
  versionNumber?: number | null;

  @Field(() => [WebhookMethod], {
    nullable: true,
    description: 'The methods that it takes; by default POST.',
  })
  methods?: Method[] | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'By default true. One that is turned off answers as if it did not exist.',
  })
  isEnabled?: boolean | null;

  @Field(() => WebhookSignature, { nullable: true, description: 'By default NONE.' })
  signature?: Signature | null;

  @Field(() => [String], {
    nullable: true,
    description:
      'The secret that the sender signs with, or two while it is replaced. They are kept sealed, and never shown.',
  })
  signingSecrets?: string[] | null;

  @Field(() => Int, {
    nullable: true,
    description: 'How far the signed time may be from now, seconds, 1 to 86400; by default 300.',
  })
  toleranceSeconds?: number | null;

  @Field(() => String, {
    nullable: true,
    description:
      'The header with the id of a delivery; by default `X-GitHub-Delivery` for GITHUB and `Idempotency-Key` for NONE. The other schemes sign the id.',
  })
  deliveryIdHeader?: string | null;

  @Field(() => WebhookRespond, { nullable: true, description: 'By default IMMEDIATELY.' })
  respond?: Respond | null;

  @Field(() => Int, {
    nullable: true,
    description:
      'How long a request waits for the execution, milliseconds, 1000 to 300000; by default 30000.',
  })
  timeoutMs?: number | null;

  @Field(() => Int, {
    nullable: true,
    description: 'How many requests a minute each process takes, 1 to 1000000; by default 600.',
  })
  maxPerMinute?: number | null;

  @Field(() => DateTimeScalar, {
    nullable: true,
    description:
      'Until then headers and bodies of requests are kept, at most a day; by default they are not.',
  })
  recordUntil?: Date | null;
}

@InputType({ description: 'A new webhook.' })
export class WebhookCreateInput extends WebhookInput {
  @Field(() => ID, { nullable: true, description: 'The workflow to run; or name it by its `workflowKey`.' })
  workflowId?: string | null;

  @Field(() => String, { nullable: true, description: 'The key of the workflow to run.' })
  workflowKey?: string | null;
}

@InputType({ description: 'Which webhooks to list. Each field narrows the list.' })
export class WebhookFilter {
  @Field(() => ID, { nullable: true, description: 'Those of this workflow.' })
  workflowId?: string | null;

  @Field(() => Boolean, { nullable: true, description: 'Those that are turned on, or those that are not.' })
  isEnabled?: boolean | null;
}

@ArgsType()
export class WebhooksArgs extends PageArgs {
  @Field(() => WebhookFilter, { nullable: true, description: 'Which webhooks to list; by default all.' })
  filter?: WebhookFilter | null;
}
