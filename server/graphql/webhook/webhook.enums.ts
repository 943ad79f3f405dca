import { registerEnumType } from 'type-graphql';
import {
  requestOutcomes,
  webhookMethods,
  webhookResponds,
  webhookSignatures,
} from '../../use-cases/webhooks/webhook.ts';
import { enumOf } from '../enum-of.ts';

export const WebhookMethod = enumOf(webhookMethods);
export const WebhookSignature = enumOf(webhookSignatures);
export const WebhookRespond = enumOf(webhookResponds);
export const WebhookRequestOutcome = enumOf(requestOutcomes);

registerEnumType(WebhookMethod, {
  name: 'WebhookMethod',
  description: 'A method that a webhook may take.',
  valuesConfig: {
    GET: { description: 'Also what a browser or the preview of a link sends.' },
    POST: { description: 'What nearly all senders send.' },
    PUT: { description: 'As POST.' },
    PATCH: { description: 'As POST.' },
    DELETE: { description: 'As POST.' },
  },
});

registerEnumType(WebhookSignature, {
  name: 'WebhookSignature',
  description: 'How a sender shows that a request is its own, beside knowing the address.',
  valuesConfig: {
    NONE: { description: 'Not at all: who knows the address may call it.' },
    GITHUB: { description: '`X-Hub-Signature-256`; signs no time.' },
    STRIPE: { description: '`Stripe-Signature`, with its time.' },
    STANDARD_WEBHOOKS: {
      description: '`webhook-id`, `webhook-timestamp`, `webhook-signature`, or the same names with `svix-`.',
    },
  },
});

registerEnumType(WebhookRespond, {
  name: 'WebhookRespond',
  description: 'When a request to a webhook is answered, and with what.',
  valuesConfig: {
    IMMEDIATELY: { description: '202 with `{ "executionId" }`, once the execution is committed.' },
    OUTPUT: { description: "200 with the execution's output when it has succeeded, 500 when it has not." },
    NODE: { description: 'What the first `respond` node says that succeeds; 204 or 500 where none did.' },
  },
});

registerEnumType(WebhookRequestOutcome, {
  name: 'WebhookRequestOutcome',
  description: 'What a request to a webhook has started.',
  valuesConfig: {
    STARTED: { description: 'A new execution.' },
    REPEATED: { description: 'Nothing: the delivery had come before, and was answered with its execution.' },
    REFUSED: { description: 'Nothing, as `code` and `reason` say.' },
  },
});
