import { createHmac } from 'node:crypto';
import {
  boundedHeader,
  type Finding,
  malformed,
  matchesAny,
  mismatch,
  missing,
  parseSeconds,
  type SignedRequest,
  type Verify,
} from './signature.ts';

/** https://github.com/standard-webhooks/standard-webhooks: an HMAC-SHA256 of `<id>.<seconds>.<body>`, in base64. */

const SIGNATURE_FORM = 'v1,<base64>';
const PREFIX = 'whsec_';

/** The bytes of a secret such as `whsec_MfKQ9r8G…`, which may lack its prefix; null where they are not 24 to 64 bytes. */
export function standardWebhooksKey(secret: string): Buffer | null {
  const text = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret;
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return null;
  const bytes = Buffer.from(text, 'base64');
  return bytes.length >= 24 && bytes.length <= 64 ? bytes : null;
}

/** The value of the header `webhook-signature`: a signature by each secret. */
export function signStandardWebhook(
  { id, seconds, body }: { id: string; seconds: number; body: Buffer },
  secrets: readonly string[],
): string {
  return digests(id, String(seconds), body, secrets)
    .map((digest) => `v1,${digest.toString('base64')}`)
    .join(' ');
}

export const verifyStandardWebhook: Verify = (request, secrets): Finding => {
  const id = headerOf(request, 'id');
  const time = headerOf(request, 'timestamp');
  const signatures = headerOf(request, 'signature');
  if (signatures === null) return missing('webhook-signature', SIGNATURE_FORM);
  if (id === null) return missing('webhook-id', 'msg_2KWPBgLlAfxdpx2AI54pPJ85f4W');
  const seconds = parseSeconds(time ?? undefined);
  if (seconds === null) return malformed('webhook-timestamp', '1614265330');
  const given = signatures
    .split(' ')
    .filter((signature) => signature.startsWith('v1,'))
    .map((signature) => Buffer.from(signature.slice(3), 'base64'));
  if (given.length === 0) return malformed('webhook-signature', SIGNATURE_FORM);
  if (!matchesAny(digests(id, time!, request.body, secrets), given)) return mismatch;
  return { ok: true, deliveryId: id, seconds };
};

/** Svix, from which the scheme comes, sends the same headers by its own name. */
function headerOf(request: SignedRequest, name: string): string | null {
  return boundedHeader(request, `webhook-${name}`) ?? boundedHeader(request, `svix-${name}`);
}

function digests(id: string, time: string, body: Buffer, secrets: readonly string[]): Buffer[] {
  return secrets.flatMap((secret) => {
    const key = standardWebhooksKey(secret);
    return key === null ? [] : [createHmac('sha256', key).update(`${id}.${time}.`).update(body).digest()];
  });
}
