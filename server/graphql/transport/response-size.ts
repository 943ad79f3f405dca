import type { FormattedExecutionResult } from 'graphql';
import { WeftError } from '../../shared/errors.ts';
import { sizeOf } from '../../shared/value-size.ts';

/** The largest response to one operation, as JSON: it is built in memory and written at once. */
const MAX_MIB = 64;
const MAX_BYTES = MAX_MIB * 1024 * 1024;

/** Counts the bytes that one operation reads, so that too many are refused before they are read. */
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

/** The same for a result that is text already, `{"data":…}`, which is what comes back. */
export function textWithinBounds(data: string): string {
  return data.length <= MAX_BYTES ? `{"data":${data}}` : JSON.stringify(refusal());
}

/** Aliases can select one value many times: it is read once, and written as often as selected. */
export function withinBounds(result: FormattedExecutionResult): FormattedExecutionResult {
  return sizeOf(result.data).bytes <= MAX_BYTES ? result : refusal();
}

function refusal(): FormattedExecutionResult {
  const { code, message } = tooLarge();
  return { errors: [{ message, extensions: { code } }] };
}

function tooLarge(): WeftError {
  return new WeftError(
    'RESPONSE_TOO_LARGE',
    `Expected an operation whose response is at most ${MAX_MIB} MiB, got a larger one. Select fewer items, or fewer of the fields that hold values.`,
  );
}
