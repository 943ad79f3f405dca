import { Field, ID, Int, ObjectType } from 'type-graphql';
import type {
  WebhookMethod as Method,
  RequestOutcome,
  WebhookRespond as Respond,
  WebhookSignature as Signature,
} from '../../use-cases/webhooks/webhook.ts';
import { Execution } from '../execution/execution.type.ts';
import { connectionOf } from '../relay/connection.ts';
import { NodeInterface } from '../relay/node.type.ts';
import { DateTimeScalar, JsonScalar } from '../scalars.ts';
import { Payload } from '../user-error/user-error.type.ts';
import { WebhookMethod, WebhookRequestOutcome, WebhookRespond, WebhookSignature } from './webhook.enums.ts';

@ObjectType({
  simpleResolvers: true,
  implements: NodeInterface,
  description: 'An address at which requests from outside start executions of a workflow.',
})
export class Webhook extends NodeInterface {
  @Field(() => String, { description: 'A name for people.' })
  name!: string;

  @Field(() => Int, { nullable: true, description: 'The version that it runs; null for the latest.' })
  versionNumber!: number | null;

  @Field(() => [WebhookMethod], { description: 'The methods that it takes.' })
  methods!: Method[];

  @Field(() => Boolean, { description: 'Whether it takes requests.' })
  isEnabled!: boolean;

  @Field(() => WebhookSignature, { description: 'How senders sign.' })
  signature!: Signature;

  @Field(() => Int, { description: 'How many signing secrets it has.' })
  signingSecrets!: number;

  @Field(() => Int, { description: 'How far a signed time may be from now, seconds.' })
  toleranceSeconds!: number;

  @Field(() => String, {
    nullable: true,
    description: 'The header with the id of a delivery; null for the usual one.',
  })
  deliveryIdHeader!: string | null;

  @Field(() => WebhookRespond, { description: 'When a request is answered, and with what.' })
  respond!: Respond;

  @Field(() => Int, { description: 'How long a request waits for the execution, milliseconds.' })
  timeoutMs!: number;

  @Field(() => Int, { description: 'How many requests a minute each process takes.' })
  maxPerMinute!: number;

  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'Until when headers and bodies of requests are kept; null where they never were.',
  })
  recordUntil!: Date | null;

  @Field(() => DateTimeScalar, { description: 'When it was created.' })
  createdAt!: Date;

  @Field(() => DateTimeScalar, { description: 'When it was changed last.' })
  updatedAt!: Date;

  /** For the relation; not part of the schema. */
  workflowId!: string;
}

@ObjectType({ simpleResolvers: true, description: 'A request to a webhook, and what became of it.' })
export class WebhookRequest {
  @Field(() => ID, { description: 'What `webhookReplay` names it by.' })
  id!: string;

  @Field(() => DateTimeScalar, { description: 'When it came.' })
  receivedAt!: Date;

  @Field(() => String, { description: 'Its method.' })
  method!: string;

  @Field(() => Int, {
    nullable: true,
    description: 'The status that it was answered with; null where the sender went away before.',
  })
  status!: number | null;

  @Field(() => WebhookRequestOutcome, { description: 'What it has started.' })
  outcome!: RequestOutcome;

  @Field(() => String, { nullable: true, description: 'Why it was no success, for programs.' })
  code!: string | null;

  @Field(() => String, { nullable: true, description: 'Why it was no success, for people.' })
  reason!: string | null;

  @Field(() => String, { nullable: true, description: 'The id of the delivery; null where it has none.' })
  deliveryId!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Its query; null where it was not recorded. What looks like a secret is redacted.',
  })
  query!: string | null;

  @Field(() => JsonScalar, {
    nullable: true,
    description: 'Its headers; null where they were not recorded. What looks like a secret is redacted.',
  })
  headers!: unknown;

  @Field(() => Int, { nullable: true, description: 'The size of its body; null where it was not read.' })
  bodyBytes!: number | null;

  /** For the relation and the body; not part of the schema. */
  executionId!: string | null;
  bytes!: Buffer | null;
}

export const WebhookConnection = connectionOf<Webhook>('Webhook', () => Webhook);
export type WebhookConnection = InstanceType<typeof WebhookConnection>;

@ObjectType({ simpleResolvers: true, implements: Payload, description: 'What changes of a webhook answer.' })
export class WebhookPayload extends Payload {
  @Field(() => Webhook, { nullable: true, description: 'The webhook; null where there are userErrors.' })
  webhook!: Webhook | null;
}

@ObjectType({
  simpleResolvers: true,
  implements: Payload,
  description: 'What `webhookCreate` and `webhookRotateSecret` answer.',
})
export class WebhookSecretPayload extends Payload {
  @Field(() => Webhook, { nullable: true, description: 'The webhook; null where there are userErrors.' })
  webhook!: Webhook | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Where requests go: a path on every server with the role `api`. It has the secret in it, and is shown this once.',
  })
  path!: string | null;
}

@ObjectType({ simpleResolvers: true, implements: Payload, description: 'What `webhookDelete` answers.' })
export class WebhookDeletePayload extends Payload {
  @Field(() => ID, { nullable: true, description: 'The id; null where there are userErrors.' })
  deletedId!: string | null;
}

@ObjectType({ simpleResolvers: true, implements: Payload, description: 'What `webhookReplay` answers.' })
export class WebhookReplayPayload extends Payload {
  @Field(() => Execution, { nullable: true, description: 'The execution; null where there are userErrors.' })
  execution!: Execution | null;
}
