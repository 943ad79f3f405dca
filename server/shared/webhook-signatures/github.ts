import { createHmac } from 'node:crypto';
import {
  boundedHeader,
  type Finding,
  malformed,
  matchesAny,
  mismatch,
  missing,
  type Verify,
} from './signature.ts';

const HEADER = 'x-hub-signature-256';
const FORM = 'sha256=<64 hexadecimal digits>';

/** GitHub's scheme, which others use too: an HMAC-SHA256 of the body. It signs neither a time nor the id of the delivery. */
export const verifyGithub: Verify = (request, secrets): Finding => {
  const value = boundedHeader(request, HEADER);
  if (value === null) return missing(HEADER, FORM);
  const hex = /^sha256=([0-9a-f]{64})$/i.exec(value)?.[1];
  if (hex === undefined) return malformed(HEADER, FORM);
  const expected = secrets.map((secret) => createHmac('sha256', secret).update(request.body).digest());
  if (!matchesAny(expected, [Buffer.from(hex, 'hex')])) return mismatch;
  return { ok: true, deliveryId: null, seconds: null };
};
