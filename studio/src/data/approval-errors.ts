import { WeftInputError } from '@weft/client';

/** Names a fault of `values` as one of an `input`, which is what the form of a schema shows. */
export function asInputError(error: unknown): unknown {
  if (!(error instanceof WeftInputError)) return error;
  return new WeftInputError(
    error.userErrors.map(({ field, ...rest }) => ({
      ...rest,
      field: field?.replace(/^values(?=\.|$)/, 'input') ?? null,
    })),
  );
}

/** Whether nobody can decide on it any more, whatever they enter. */
export function isClosedError(error: Error | null): boolean {
  const codes = error instanceof WeftInputError ? error.userErrors.map(({ code }) => code) : [];
  return codes.some((code) => ['ALREADY_RESOLVED', 'ALREADY_ENDED', 'APPROVAL_EXPIRED'].includes(code));
}
