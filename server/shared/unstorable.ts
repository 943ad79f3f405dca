/**
 * What no text column of Postgres, and no jsonb, holds: NUL characters, and halves of surrogate pairs. With the flag `u` a
 * whole pair is one character, and no match.
 */
export const UNSTORABLE = /[\0\p{Surrogate}]/u;
