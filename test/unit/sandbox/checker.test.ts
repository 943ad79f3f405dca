import type { Cell } from '../../../server/sandbox/local/cell.ts';
import { Checker } from '../../../server/sandbox/local/checker.ts';

/** A cell under the control of the test: it answers if `answers`, and ends at `exit()`. */
function controlledCell(answers: boolean) {
  const exited = Promise.withResolvers<{ kind: 'lost' }>();
  const channel = {
    onFrame: (_frame: object) => {},
    send: () => answers && channel.onFrame({ kind: 'findings', findings: [] }),
  };
  return { channel, exited: exited.promise, end: () => {}, exit: () => exited.resolve({ kind: 'lost' }) };
}

test('a cell that was replaced and ends late does not affect its successor', async () => {
  const [hanging, next] = [controlledCell(false), controlledCell(true)];
  const cells = [hanging, next];
  const checker = new Checker(async () => cells.shift() as unknown as Cell, 'strict', 10);
  expect(await checker.check('code that hangs the parser')).toMatchObject([{ rule: 'too-complex' }]);
  expect(await checker.check('1')).toEqual([]);
  hanging.exit();
  await hanging.exited;
  expect(await checker.check('2')).toEqual([]);
});

test('the shortest waiting code is checked next', async () => {
  const cell = controlledCell(true);
  const checker = new Checker(async () => cell as unknown as Cell, 'strict');
  const answered: string[] = [];
  const check = async (code: string) => {
    await checker.check(code);
    answered.push(code);
  };
  await Promise.all(['begun = 1', 'long = 11', 'y = 2', 'x = 1', 'very_long = 111'].map(check));
  expect(answered).toEqual(['begun = 1', 'y = 2', 'x = 1', 'long = 11', 'very_long = 111']);
});
