import type { Cell } from '../../../server/sandbox/local/cell.ts';
import { Checker } from '../../../server/sandbox/local/checker.ts';

/** A cell moved by hand: it answers where it is told to, and ends when it is told to. */
function cellByHand(answers: boolean) {
  const exited = Promise.withResolvers<{ kind: 'lost' }>();
  const channel = {
    onFrame: (_frame: object) => {},
    send: () => answers && channel.onFrame({ kind: 'findings', findings: [] }),
  };
  return { channel, exited: exited.promise, end: () => {}, exit: () => exited.resolve({ kind: 'lost' }) };
}

test('a cell that is given up, and ends late, does not take its successor with it', async () => {
  const [hanging, next] = [cellByHand(false), cellByHand(true)];
  const cells = [hanging, next];
  const checker = new Checker(async () => cells.shift() as unknown as Cell, 'strict', 10);
  expect(await checker.check('what hangs the parser')).toMatchObject([{ rule: 'too-complex' }]);
  expect(await checker.check('1')).toEqual([]);
  hanging.exit();
  await hanging.exited;
  expect(await checker.check('2')).toEqual([]);
});

test('of the code that waits the shortest is next', async () => {
  const cell = cellByHand(true);
  const checker = new Checker(async () => cell as unknown as Cell, 'strict');
  const answered: string[] = [];
  const check = async (code: string) => {
    await checker.check(code);
    answered.push(code);
  };
  await Promise.all(['begun = 1', 'long = 11', 'y = 2', 'x = 1', 'very_long = 111'].map(check));
  expect(answered).toEqual(['begun = 1', 'y = 2', 'x = 1', 'long = 11', 'very_long = 111']);
});
