import { ArgsType, Field, ID, InputType } from 'type-graphql';
import type { ChangeType as Type } from '../../use-cases/changes/change.ts';
import type { DeliveryStatus as Status } from '../../use-cases/deliveries/endpoint.ts';
import { ChangeType } from '../change/change.enums.ts';
import { PageArgs } from '../relay/page.args.ts';
import { LabelsScalar } from '../scalars.ts';
import { DeliveryStatus } from './delivery.enums.ts';

@InputType({
  description: 'Where to send which changes. A field that is left out has its default, or stays.',
})
export class WebhookEndpointInput {
  @Field(() => String, { nullable: true, description: 'A name for people; by default the host of `url`.' })
  name?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Where requests go: `https://…` or `http://…`. Needed for a new one.',
  })
  url?: string | null;

  @Field(() => [ChangeType], {
    nullable: true,
    description:
      'Which changes; by default EXECUTION_SUCCEEDED, EXECUTION_FAILED, EXECUTION_CANCELED, NODE_PARKED, APPROVAL_REQUESTED, SECURITY_VIOLATION and SECURITY_ALERT.',
  })
  types?: Type[] | null;

  @Field(() => [String], {
    nullable: true,
    description: 'Only changes of the workflows with these keys, at most 100; by default of all.',
  })
  workflowKeys?: string[] | null;

  @Field(() => LabelsScalar, {
    nullable: true,
    description: 'Only changes of executions that have all of these labels; by default of all.',
  })
  labels?: Record<string, string> | null;

  @Field(() => Boolean, { nullable: true, description: 'Whether anything is sent; by default it is.' })
  isEnabled?: boolean | null;
}

@InputType({ description: 'Which deliveries to list. Each field narrows the list.' })
export class WebhookDeliveryFilter {
  @Field(() => ID, { nullable: true, description: 'Those to this endpoint.' })
  endpointId?: string | null;

  @Field(() => DeliveryStatus, { nullable: true, description: 'Those that are so far.' })
  status?: Status | null;
}

@ArgsType()
export class DeliveriesArgs extends PageArgs {
  @Field(() => WebhookDeliveryFilter, { nullable: true, description: 'Which ones; by default all.' })
  filter?: WebhookDeliveryFilter | null;
}
