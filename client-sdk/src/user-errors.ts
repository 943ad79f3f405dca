import { type UserError, WeftInputError } from './errors.ts';

/** What a mutation made. @throws WeftInputError where it has userErrors instead */
export function payloadOf<Payload extends { userErrors: readonly UserError[] }, Key extends keyof Payload>(
  payload: Payload,
  key: Key,
): NonNullable<Payload[Key]> {
  const made = payload[key];
  if (made == null || payload.userErrors.length > 0) throw new WeftInputError(payload.userErrors);
  return made;
}
