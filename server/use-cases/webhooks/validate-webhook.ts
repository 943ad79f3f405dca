import { standardWebhooksKey } from '../../shared/webhook-signatures/standard-webhooks.ts';
import type { UserError } from '../types.ts';
import { type WebhookInput, type WebhookSignature, webhookMethods } from './webhook.ts';

const MAX_TIMEOUT_MS = 300_000;
/** A day: what is recorded may be personal, and nobody remembers to turn it off. */
const MAX_RECORD_MS = 86_400_000;
/** One, and another while it is replaced. */
const MAX_SIGNING_SECRETS = 2;

/** What is wrong with the fields of a webhook, each at its field. */
export function webhookErrors(input: WebhookInput): UserError[] {
  const { name, methods, signature, deliveryIdHeader, recordUntil } = input;
  const errors: UserError[] = [];
  if (name.trim() === '' || name.length > 200)
    errors.push(invalid('name', `Expected a name of 1 to 200 characters, got ${name.length}.`));
  if (methods.length === 0 || new Set(methods).size !== methods.length)
    errors.push(
      invalid(
        'methods',
        `Expected one or several of ${webhookMethods.join(', ')}, each once, got ${methods.join(', ') || 'none'}.`,
      ),
    );
  errors.push(...range('toleranceSeconds', input.toleranceSeconds, 1, 86_400));
  errors.push(...range('timeoutMs', input.timeoutMs, 1_000, MAX_TIMEOUT_MS));
  errors.push(...range('maxPerMinute', input.maxPerMinute, 1, 1_000_000));
  if (recordUntil !== null && recordUntil.getTime() > Date.now() + MAX_RECORD_MS)
    errors.push(
      invalid('recordUntil', `Expected a time within a day from now, got ${recordUntil.toISOString()}.`),
    );
  if (deliveryIdHeader !== null) errors.push(...deliveryIdErrors(deliveryIdHeader, signature));
  return errors;
}

/** @param secrets what was given, or null where the webhook keeps those that it has */
export function signingSecretErrors(
  signature: WebhookSignature,
  secrets: readonly string[] | null,
  kept: number,
): UserError[] {
  const count = secrets?.length ?? kept;
  const most = signature === 'NONE' ? 0 : MAX_SIGNING_SECRETS;
  if (count > most || (most > 0 && count === 0)) {
    const expected =
      most === 0
        ? 'none without a `signature`'
        : 'the secret that the sender signs with, or two while it is replaced';
    return [invalid('signingSecrets', `Expected ${expected}, got ${count}.`)];
  }
  return (secrets ?? []).flatMap((secret, index) => {
    const message = secretProblem(signature, secret);
    return message === null ? [] : [invalid(`signingSecrets.${index}`, message)];
  });
}

/** Says nothing of the secret but its length. */
function secretProblem(signature: WebhookSignature, secret: string): string | null {
  if (signature === 'STANDARD_WEBHOOKS' && standardWebhooksKey(secret) === null)
    return 'Expected `whsec_` and 24 to 64 bytes in base64, as the sender shows it, got something else.';
  if (secret.length < 16 || secret.length > 200)
    return `Expected a secret of 16 to 200 characters, got ${secret.length}.`;
  return null;
}

function deliveryIdErrors(header: string, signature: WebhookSignature): UserError[] {
  const field = 'deliveryIdHeader';
  if (signature === 'STRIPE' || signature === 'STANDARD_WEBHOOKS')
    return [
      invalid(field, `Expected none with the signature ${signature}, which signs the id of a delivery.`),
    ];
  if (/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/.test(header)) return [];
  return [invalid(field, 'Expected the name of a header, such as X-Request-Id, got something else.')];
}

function range(field: string, value: number, min: number, max: number): UserError[] {
  if (Number.isInteger(value) && value >= min && value <= max) return [];
  return [invalid(field, `Expected \`${field}\` to be an integer from ${min} to ${max}, got ${value}.`)];
}

function invalid(field: string, message: string): UserError {
  return { code: 'INVALID', field, message };
}
