import { createHmac } from 'node:crypto';
import {
  boundedHeader,
  type Finding,
  malformed,
  matchesAny,
  mismatch,
  missing,
  parseSeconds,
  type Verify,
} from './signature.ts';

const HEADER = 'stripe-signature';
const FORM = 't=<seconds>,v1=<64 hexadecimal digits>';

/** Stripe's scheme: an HMAC-SHA256 of `<seconds>.<body>`, and one `v1` for each secret while a secret is replaced. */
export const verifyStripe: Verify = (request, secrets): Finding => {
  const value = boundedHeader(request, HEADER);
  if (value === null) return missing(HEADER, FORM);
  const parts = value.split(',').map((part) => part.trim());
  const valuesOf = (name: string) =>
    parts.filter((part) => part.startsWith(`${name}=`)).map((part) => part.slice(name.length + 1));
  const [time, ...otherTimes] = valuesOf('t');
  const seconds = parseSeconds(time);
  const given = valuesOf('v1').filter((hex) => /^[0-9a-f]{64}$/i.test(hex));
  if (seconds === null || otherTimes.length > 0 || given.length === 0) return malformed(HEADER, FORM);
  const expected = secrets.map((secret) =>
    createHmac('sha256', secret).update(`${time}.`).update(request.body).digest(),
  );
  if (
    !matchesAny(
      expected,
      given.map((hex) => Buffer.from(hex, 'hex')),
    )
  )
    return mismatch;
  return { ok: true, deliveryId: null, seconds };
};
