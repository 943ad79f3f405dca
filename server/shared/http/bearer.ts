import { createHash, timingSafeEqual } from 'node:crypto';
import { HttpError } from './http-error.ts';

/** Throws HttpError 401 unless the Authorization header is `Bearer <token>`. */
export type CheckBearer = (authorization: string | undefined) => void;

/** Lets all pass when there is no token. `hint` tells whoever has none where it comes from. */
export function makeBearerCheck(token: string | undefined, hint: string): CheckBearer {
  if (token === undefined) return () => {};
  const expected = digest(`Bearer ${token}`);
  return (authorization) => {
    if (timingSafeEqual(digest(authorization ?? ''), expected)) return;
    throw new HttpError(
      401,
      'UNAUTHENTICATED',
      `Expected the token as \`Authorization: Bearer <token>\`, got none or another one. ${hint}`,
      { 'www-authenticate': 'Bearer' },
    );
  };
}

/** Both sides are digested first: the comparison takes the same time whatever their lengths. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
