import { WeftInputError } from '@weft/client';
import { messageOf } from './executions.ts';

/** What is wrong with a field, or with what is in it. */
export function errorsOf(error: Error | null, field: string): string | undefined {
  if (!(error instanceof WeftInputError)) return undefined;
  const found = error.userErrors.filter((each) => each.field?.split('.')[0] === field);
  return found.length === 0 ? undefined : found.map(({ message }) => message).join(' ');
}

/** What is wrong, where none of these fields says it. */
export function faultBeside(error: Error | null, fields: readonly string[]): string | undefined {
  return fields.some((field) => errorsOf(error, field) !== undefined) ? undefined : messageOf(error);
}
