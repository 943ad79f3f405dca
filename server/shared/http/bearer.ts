import { createHash, timingSafeEqual } from 'node:crypto';
import { HttpError } from './http-error.ts';

/** Throws HttpError 401 unless the Authorization header is `Bearer <token>`. */
export type CheckBearer = (authorization: string | undefined) => void;

/** Without a token, every request passes. `hint` explains where a client finds the token. */
export function makeBearerCheck(token: string | undefined, hint: string): CheckBearer {
  if (token === undefined) return () => {};
  const expected = digest(`Bearer ${token}`);
  return (authorization) => {
    if (timingSafeEqual(digest(authorization ?? ''), expected)) return;
    throw new HttpError(
      401,
      'UNAUTHENTICATED',
      `Expected the token as \`Authorization: Bearer <token>\`, got none or another. ${hint}`,
      { 'www-authenticate': 'Bearer' },
    );
  };
}

/** Both sides are digested first: the comparison takes the same time whatever their lengths. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
