import { timingSafeEqual } from 'node:crypto';

/** A signed request as it came: the bytes of its body, and its headers by their names in lower case. */
export interface SignedRequest {
  body: Buffer;
  header(name: string): string | undefined;
}

/** What a scheme found. `deliveryId` where it is signed; `seconds` where a time is, since 1970. */
export type Finding =
  | { ok: true; deliveryId: string | null; seconds: number | null }
  | { ok: false; code: 'SIGNATURE_MISSING' | 'SIGNATURE_MALFORMED' | 'SIGNATURE_MISMATCH'; message: string };

/** A scheme of signatures. `secrets`: any of them may have signed, because one of them is being replaced. */
export type Verify = (request: SignedRequest, secrets: readonly string[]) => Finding;

/** A header that carries signatures may hold this much; the schemes need a tenth of it. */
const MAX_HEADER_CHARACTERS = 4_096;

/** Null where the header is not there, or holds more than any scheme would send. */
export function boundedHeader({ header }: SignedRequest, name: string): string | null {
  const value = header(name);
  return value === undefined || value.length > MAX_HEADER_CHARACTERS ? null : value;
}

/** Compares each with each, so that the time says nothing of which one fits, or how far. */
export function matchesAny(expected: readonly Buffer[], given: readonly Buffer[]): boolean {
  let fits = false;
  for (const one of expected)
    for (const other of given) if (one.length === other.length && timingSafeEqual(one, other)) fits = true;
  return fits;
}

/** Seconds since 1970 as schemes write them; null for anything else. */
export function parseSeconds(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,12}$/.test(text) ? Number(text) : null;
}

export function missing(header: string, form: string): Finding {
  return {
    ok: false,
    code: 'SIGNATURE_MISSING',
    message: `Expected the header ${header} such as \`${form}\`, got none.`,
  };
}

export function malformed(header: string, form: string): Finding {
  return {
    ok: false,
    code: 'SIGNATURE_MALFORMED',
    message: `Expected the header ${header} such as \`${form}\`, got something else.`,
  };
}

export const mismatch: Finding = {
  ok: false,
  code: 'SIGNATURE_MISMATCH',
  message:
    'Expected a signature of these bytes by a signing secret of the webhook, got another: the secret differs, or something on the way changed the body.',
};
