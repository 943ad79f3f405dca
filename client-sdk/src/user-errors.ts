import { type UserError, type WeftError, WeftInputError, WeftNotFoundError } from './errors.ts';

/**
 * What a mutation made.
 * @throws WeftNotFoundError where it was of something that is not there
 * @throws WeftInputError where it has other userErrors instead
 */
export function payloadOf<Payload extends { userErrors: readonly UserError[] }, Key extends keyof Payload>(
  payload: Payload,
  key: Key,
): NonNullable<Payload[Key]> {
  const made = payload[key];
  if (made == null || payload.userErrors.length > 0) throw errorOf(payload.userErrors);
  return made;
}

/** `id` is what a mutation is of; what is not there in any other field is a fault of its input. */
function errorOf(userErrors: readonly UserError[]): WeftError {
  const missing = userErrors.find(({ code, field }) => code === 'NOT_FOUND' && field === 'id');
  return missing ? new WeftNotFoundError(missing.code, missing.message) : new WeftInputError(userErrors);
}
