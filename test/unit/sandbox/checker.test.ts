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
