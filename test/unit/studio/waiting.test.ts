import { WeftInputError } from '@weft/client';
import { asInputError, isClosedError } from '../../../studio/src/data/approval-errors.ts';
import { waitText } from '../../../studio/src/run/model/waiting.ts';
import { formatMoment } from '../../../studio/src/ui/format.ts';

const now = new Date(2027, 4, 6, 12, 0).getTime();
const at = (month: number, day: number, hour: number, year = 2027) => new Date(year, month, day, hour, 5);

test('a moment is said as short as it can be', () => {
  expect(formatMoment(at(4, 6, 14).getTime(), now)).toBe('14:05');
  expect(formatMoment(at(4, 7, 9).getTime(), now)).toBe('May 7, 09:05');
  expect(formatMoment(at(0, 2, 0, 2028).getTime(), now)).toMatch(/^Jan 2, 2028, 00:05$/);
});

test('a wait is said with what for and until when', () => {
  const until = at(4, 6, 14).toISOString();
  const said = (reason: string, end: string | null = null) =>
    waitText({ reason: reason as never, until: end }, now);
  expect(said('DELAY', until)).toBe('until 14:05');
  expect(said('RETRY', until)).toBe('to try again at 14:05');
  expect(said('APPROVAL', until)).toBe('for a decision, until 14:05 at most');
  expect(said('APPROVAL')).toBe('for a decision');
  expect(said('EXECUTION')).toBe('for a run that it started');
  expect(said('ITEMS')).toBe('for its items');
  expect(said('OF_A_NEWER_SERVER')).toBe('for something');
});

test('faults of an approval’s values are those of an input, and what nobody can mend closes it', () => {
  const fault = (code: string, field: string | null) =>
    new WeftInputError([{ level: 'ERROR', code, field, message: code }]);
  const mapped = asInputError(fault('INVALID_VALUES', 'values.account')) as WeftInputError;
  expect(mapped.userErrors[0]!.field).toBe('input.account');
  expect((asInputError(fault('INVALID', 'by')) as WeftInputError).userErrors[0]!.field).toBe('by');
  expect(isClosedError(fault('ALREADY_RESOLVED', 'id'))).toBe(true);
  expect(isClosedError(fault('INVALID_VALUES', 'values'))).toBe(false);
  expect(isClosedError(new Error('offline'))).toBe(false);
});
