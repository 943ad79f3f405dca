import { Field, ID, Int, ObjectType } from 'type-graphql';
import type { ChangeType as Type } from '../../use-cases/changes/change.ts';
import type { DeliveryStatus as Status } from '../../use-cases/deliveries/endpoint.ts';
import { ChangeType } from '../change/change.enums.ts';
import { connectionOf } from '../relay/connection.ts';
import { NodeInterface } from '../relay/node.type.ts';
import { DateTimeScalar, LabelsScalar } from '../scalars.ts';
import { Payload } from '../user-error/user-error.type.ts';
import { DeliveryStatus } from './delivery.enums.ts';

@ObjectType({
  simpleResolvers: true,
  implements: NodeInterface,
  description: 'Where changes are sent to, as signed requests.',
})
export class WebhookEndpoint extends NodeInterface {
  @Field(() => String, { description: 'A name for people.' })
  name!: string;

  @Field(() => String, { description: 'Where requests go.' })
  url!: string;

  @Field(() => [ChangeType], { description: 'Which changes are sent.' })
  types!: readonly Type[];

  @Field(() => [String], { nullable: true, description: 'Of these workflows only; null for those of all.' })
  workflowKeys!: readonly string[] | null;

  @Field(() => LabelsScalar, {
    nullable: true,
    description: 'Of executions that have all of these labels; null for those of all.',
  })
  labels!: Readonly<Record<string, string>> | null;

  @Field(() => Boolean, { description: 'Whether anything is sent.' })
  isEnabled!: boolean;

  @Field(() => DateTimeScalar, { nullable: true, description: 'Since when it is not enabled.' })
  disabledAt!: Date | null;

  @Field(() => String, {
    nullable: true,
    description: 'Why the server has disabled it; null where somebody did.',
  })
  disabledReason!: string | null;

  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'Since when every attempt has failed; null where the last one did not.',
  })
  failingSince!: Date | null;

  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'Until when requests are signed with the former secret as well.',
  })
  formerSecretUntil!: Date | null;

  @Field(() => DateTimeScalar, { description: 'When it was made.' })
  createdAt!: Date;

  @Field(() => DateTimeScalar, { description: 'When somebody last changed it.' })
  updatedAt!: Date;
}

@ObjectType({ simpleResolvers: true, description: 'A request that a delivery has sent.' })
export class WebhookAttempt {
  @Field(() => Int, { description: 'From 1, over all of the delivery.' })
  number!: number;

  @Field(() => DateTimeScalar, { description: 'When it was sent.' })
  startedAt!: Date;

  @Field(() => Int, {
    nullable: true,
    description:
      'How long it took; null while it is on its way, and where the server was lost before its end.',
  })
  durationMs!: number | null;

  @Field(() => Int, { nullable: true, description: 'The status of the response; null where none came.' })
  httpStatus!: number | null;

  @Field(() => String, { nullable: true, description: 'Why it has failed; null where it has not.' })
  error!: string | null;

  @Field(() => String, { nullable: true, description: 'The first 4 KiB of the response.' })
  response!: string | null;
}

@ObjectType({
  simpleResolvers: true,
  implements: NodeInterface,
  description: 'A change that is or was sent to an endpoint, with all its attempts.',
})
export class WebhookDelivery extends NodeInterface {
  @Field(() => ID, { description: 'To which endpoint.' })
  endpointId!: string;

  @Field(() => String, { description: 'The header `webhook-id`: the same for each attempt.' })
  messageId!: string;

  @Field(() => String, { description: 'The type in the payload, such as `execution.failed`.' })
  type!: string;

  @Field(() => ID, { nullable: true, description: 'Of which execution; null for a sample.' })
  executionId!: string | null;

  @Field(() => String, { description: 'The body of its requests: JSON.' })
  payload!: string;

  @Field(() => DeliveryStatus, { description: 'How far it is.' })
  status!: Status;

  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'When it is sent next; null while it is being sent, and where nothing follows.',
  })
  nextAttemptAt!: Date | null;

  @Field(() => DateTimeScalar, { description: 'When the change was read from the feed.' })
  createdAt!: Date;

  @Field(() => DateTimeScalar, { nullable: true, description: 'When it succeeded, or failed for good.' })
  finishedAt!: Date | null;

  @Field(() => [WebhookAttempt], { description: 'Oldest first.' })
  attempts!: WebhookAttempt[];
}

export const WebhookEndpointConnection = connectionOf<WebhookEndpoint>(
  'WebhookEndpoint',
  () => WebhookEndpoint,
);
export type WebhookEndpointConnection = InstanceType<typeof WebhookEndpointConnection>;
export const WebhookDeliveryConnection = connectionOf<WebhookDelivery>(
  'WebhookDelivery',
  () => WebhookDelivery,
);
export type WebhookDeliveryConnection = InstanceType<typeof WebhookDeliveryConnection>;

@ObjectType({ simpleResolvers: true, implements: Payload, description: 'What changing an endpoint answers.' })
export class WebhookEndpointPayload extends Payload {
  @Field(() => WebhookEndpoint, {
    nullable: true,
    description: 'The endpoint; null where there are userErrors.',
  })
  webhookEndpoint!: WebhookEndpoint | null;
}

@ObjectType({
  simpleResolvers: true,
  implements: Payload,
  description: 'What an endpoint with a new secret answers.',
})
export class WebhookEndpointSecretPayload extends Payload {
  @Field(() => WebhookEndpoint, {
    nullable: true,
    description: 'The endpoint; null where there are userErrors.',
  })
  webhookEndpoint!: WebhookEndpoint | null;

  @Field(() => String, {
    nullable: true,
    description: 'What requests are signed with: `whsec_…`. It is shown this once.',
  })
  secret!: string | null;
}

@ObjectType({
  simpleResolvers: true,
  implements: Payload,
  description: 'What `webhookEndpointDelete` answers.',
})
export class WebhookEndpointDeletePayload extends Payload {
  @Field(() => ID, { nullable: true, description: 'The id; null where there are userErrors.' })
  deletedId!: string | null;
}

@ObjectType({ simpleResolvers: true, implements: Payload, description: 'What sending something answers.' })
export class WebhookDeliveryPayload extends Payload {
  @Field(() => WebhookDelivery, {
    nullable: true,
    description: 'The delivery; null where there are userErrors.',
  })
  delivery!: WebhookDelivery | null;
}
