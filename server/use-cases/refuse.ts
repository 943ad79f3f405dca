import type { UserError } from './types.ts';

/** The outcome of a refused request: one error, at one field of the input or, with null, of the whole. */
export function refuse(
  code: string,
  field: string | null,
  message: string,
): { ok: false; userErrors: [UserError] } {
  return { ok: false, userErrors: [{ code, field, message }] };
}

/** Ids come from clients, and may be of any length. */
export function refuseNotFound(what: string, id: string, field = 'id') {
  return refuse('NOT_FOUND', field, `There is no ${what} ${id.slice(0, 100)}.`);
}
