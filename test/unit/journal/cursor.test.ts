import { sequenceOfCursor, toCursor } from '../../../server/journal/cursor.ts';

test('a cursor gives back its sequence', () => {
  expect(sequenceOfCursor('exec_a', toCursor('exec_a', 17))).toBe(17);
});

test('a cursor of another execution is refused by name', () => {
  expect(() => sequenceOfCursor('exec_a', toCursor('exec_b', 17))).toThrow(/belongs to execution exec_b/);
});

test.each(['', 'x', 'exec_a:', 'exec_a:-1', 'exec_a:1e3', `exec_a:${'9'.repeat(20)}`])(
  '%j is no cursor',
  (text) => {
    expect(() => sequenceOfCursor('exec_a', text)).toThrow(
      expect.objectContaining({ code: 'INVALID_CURSOR' }),
    );
  },
);
