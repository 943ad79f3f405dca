import { type UserError, type WeftError, WeftInputError, WeftNotFoundError } from './errors.ts';

/**
 * The object in a mutation's payload.
 * @throws WeftNotFoundError where the mutation's target does not exist
 * @throws WeftInputError for any other userErrors
 */
export function unwrapPayload<
  Payload extends { userErrors: readonly UserError[] },
  Key extends keyof Payload,
>(payload: Payload, key: Key): NonNullable<Payload[Key]> {
  const value = payload[key];
  if (value == null || payload.userErrors.length > 0) throw errorOf(payload.userErrors);
  return value;
}

/** The fields `id` and `name` name a mutation's target. A NOT_FOUND in any other field is a fault of the input. */
function errorOf(userErrors: readonly UserError[]): WeftError {
  const missing = userErrors.find(
    ({ code, field }) => code === 'NOT_FOUND' && (field === 'id' || field === 'name'),
  );
  return missing ? new WeftNotFoundError(missing.code, missing.message) : new WeftInputError(userErrors);
}
