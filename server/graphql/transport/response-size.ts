import type { FormattedExecutionResult } from 'graphql';
import { WeftError } from '../../shared/errors.ts';
import { sizeOf } from '../../shared/value-size.ts';

/** What the answer to one operation may take as JSON: it is made in memory, and written out in one go. */
const MAX_MIB = 64;
const MAX_BYTES = MAX_MIB * 1024 * 1024;

/** Counts what is read for one operation, so that too much is refused before it is. */
export interface ResponseBudget {
  /** @throws WeftError RESPONSE_TOO_LARGE */
  spend(bytes: number): void;
}

export function makeResponseBudget(): ResponseBudget {
  let spent = 0;
  return {
    spend(bytes) {
      spent += bytes;
      if (spent > MAX_BYTES) throw tooLarge();
    },
  };
}

/** Aliases can ask for one value many times, which is read once and written out as often. */
export function withinBounds(result: FormattedExecutionResult): FormattedExecutionResult {
  if (sizeOf(result.data).bytes <= MAX_BYTES) return result;
  const { code, message } = tooLarge();
  return { errors: [{ message, extensions: { code } }] };
}

function tooLarge(): WeftError {
  return new WeftError(
    'RESPONSE_TOO_LARGE',
    `Expected an operation whose answer takes at most ${MAX_MIB} MiB. Ask for fewer items, or for fewer of the fields that hold values.`,
  );
}
