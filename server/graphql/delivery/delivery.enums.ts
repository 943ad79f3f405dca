import { registerEnumType } from 'type-graphql';
import { deliveryStatuses } from '../../use-cases/deliveries/endpoint.ts';
import { enumOf } from '../enum-of.ts';

export const DeliveryStatus = enumOf(deliveryStatuses);

registerEnumType(DeliveryStatus, {
  name: 'DeliveryStatus',
  description: 'How far a delivery is.',
  valuesConfig: {
    PENDING: { description: 'It is being sent, or will be at `nextAttemptAt`.' },
    SUCCEEDED: { description: 'The receiver answered with 200 to 299.' },
    FAILED: { description: 'No attempt succeeded, and none follows; `deliveryRedeliver` begins anew.' },
  },
});
