import { HttpError } from '../../shared/http/http-error.ts';
import { verifyGithub } from '../../shared/webhook-signatures/github.ts';
import type { Verify } from '../../shared/webhook-signatures/signature.ts';
import { verifyStandardWebhook } from '../../shared/webhook-signatures/standard-webhooks.ts';
import { verifyStripe } from '../../shared/webhook-signatures/stripe.ts';
import type { Webhook, WebhookSignature } from './webhook.ts';

const schemes: Readonly<Record<Exclude<WebhookSignature, 'NONE'>, Verify>> = {
  GITHUB: verifyGithub,
  STRIPE: verifyStripe,
  STANDARD_WEBHOOKS: verifyStandardWebhook,
};

/** Gives the id of the delivery, where it is signed. @throws HttpError 401 */
export function verifyDelivery(
  { signature, toleranceSeconds }: Webhook,
  secrets: readonly string[],
  { headers, body }: { headers: Record<string, string>; body: Buffer },
  now: Date,
): string | null {
  if (signature === 'NONE') return null;
  const finding = schemes[signature]({ body, header: (name) => headers[name] }, secrets);
  if (!finding.ok) throw new HttpError(401, finding.code, finding.message);
  const { deliveryId, seconds } = finding;
  const offBy = seconds === null ? 0 : Math.abs(now.getTime() / 1_000 - seconds);
  if (offBy > toleranceSeconds) {
    const message = `Expected a time within ${toleranceSeconds} s of ${now.toISOString()}, got one that is ${Math.round(offBy)} s away.`;
    throw new HttpError(401, 'SIGNATURE_EXPIRED', message);
  }
  return deliveryId;
}

const DEFAULT_HEADER = 'idempotency-key';
const MAX_ID_CHARACTERS = 255;

/**
 * What the same delivery has again when it is repeated; null where it has nothing. @param signed by the scheme
 * @throws HttpError 400 for an id that is too long
 */
export function deliveryIdOf(
  { signature, deliveryIdHeader }: Webhook,
  signed: string | null,
  { headers, body }: { headers: Record<string, string>; body: Buffer },
): string | null {
  const id = signature === 'STRIPE' ? idOfEvent(body) : (signed ?? headers[headerName()] ?? null);
  if (id === null || id === '') return null;
  if (id.length <= MAX_ID_CHARACTERS && /^[\x20-\x7e]+$/.test(id)) return id;
  throw new HttpError(
    400,
    'INVALID_DELIVERY_ID',
    `Expected the id of the delivery to be 1 to ${MAX_ID_CHARACTERS} characters of ASCII, got something else.`,
  );

  function headerName(): string {
    if (deliveryIdHeader !== null) return deliveryIdHeader.toLowerCase();
    return signature === 'GITHUB' ? 'x-github-delivery' : DEFAULT_HEADER;
  }
}

/** Stripe's deliveries have no id of their own, but the event has: it is signed with the body. */
function idOfEvent(body: Buffer): string | null {
  try {
    const { id } = JSON.parse(body.toString('utf8')) as { id?: unknown };
    return typeof id === 'string' ? id : null;
  } catch {
    return null;
  }
}
