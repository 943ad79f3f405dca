import type { Cell } from '../../../server/sandbox/local/cell.ts';
import { Checker } from '../../../server/sandbox/local/checker.ts';

const nothing = { findings: [], shape: 'SCRIPT', inputSchema: null, imports: [], policy: 'strict' };
const answered = { kind: 'findings', ...nothing };

/** A cell under the control of the test: it answers if `answers`, and ends at `exit()`. */
function controlledCell(answers: boolean) {
  const exited = Promise.withResolvers<{ kind: 'lost' }>();
  const answer = () => channel.onFrame(answered);
  const channel = {
    onFrame: (_frame: object) => {},
    send: () => answers && answer(),
  };
  const answerAll = () => {
    answers = true;
    answer();
  };
  return {
    answer: answerAll,
    channel,
    exited: exited.promise,
    end: () => {},
    exit: () => exited.resolve({ kind: 'lost' }),
  };
}

const checkerOf = (cells: object[], times?: { quickMs: number; timeoutMs: number }) =>
  new Checker(
    async () => cells.shift() as Cell,
    { policy: 'strict', allowsScratchWrites: false, compiles: false },
    times,
  );

test('code that no cell can check is too complex, and those cells, which end late, do not affect their successors', async () => {
  const hanging = [controlledCell(false), controlledCell(false)];
  const checker = checkerOf([...hanging, controlledCell(true)], { quickMs: 10, timeoutMs: 10 });
  expect(await checker.check('code that hangs the parser')).toMatchObject({
    findings: [{ rule: 'too-complex' }],
  });
  expect(await checker.check('1')).toEqual(nothing);
  for (const cell of hanging) cell.exit();
  await Promise.all(hanging.map(({ exited }) => exited));
  expect(await checker.check('2')).toEqual(nothing);
});

test('code that was not checked in time, as on a busy host, is checked the next time', async () => {
  const cells = [controlledCell(false), controlledCell(false), controlledCell(true)];
  const checker = checkerOf(cells, { quickMs: 10, timeoutMs: 10 });
  expect(await checker.check('1')).toMatchObject({ findings: [{ rule: 'too-complex' }] });
  expect(checker.known('1')).toBeUndefined();
  expect(await checker.check('1')).toEqual(nothing);
});

test('code that takes long moves out of the way of the code behind it', async () => {
  const [hanging, slow, next] = [controlledCell(false), controlledCell(false), controlledCell(true)];
  const checker = checkerOf([hanging, slow, next], { quickMs: 10, timeoutMs: 60_000 });
  const held = checker.check('code that takes long');
  expect(await checker.check('1')).toEqual(nothing);
  slow.channel.onFrame({ ...answered, findings: [{ rule: 'late' }] });
  expect(await held).toMatchObject({ findings: [{ rule: 'late' }] });
});

test('long code is never in the way of short code', async () => {
  const [slow, quick] = [controlledCell(false), controlledCell(true)];
  const checker = checkerOf([slow, quick], { quickMs: 60_000, timeoutMs: 60_000 });
  const held = checker.check('#'.repeat(100_000));
  expect(await checker.check('1')).toEqual(nothing);
  slow.channel.onFrame(answered);
  await held;
});

test('so much code may wait, and the next is refused', async () => {
  const slow = controlledCell(false);
  const checker = checkerOf([slow], { quickMs: 60_000, timeoutMs: 60_000 });
  const long = (n: number) => `#${n}`.padEnd(1_000_000);
  const checks = Array.from({ length: 70 }, (_, n) => checker.check(long(n)));
  const refused = (await Promise.allSettled(checks.slice(65))) as PromiseRejectedResult[];
  expect(refused.map(({ reason }) => String(reason))).toEqual(
    Array(5).fill(expect.stringMatching(/at most 1000 checks of code to wait/)),
  );
  slow.answer();
  await Promise.all(checks.slice(0, 65));
});

test('the shortest waiting code is checked next', async () => {
  const checker = checkerOf([controlledCell(true)]);
  const order: string[] = [];
  const check = async (code: string) => {
    await checker.check(code);
    order.push(code);
  };
  await Promise.all(['begun = 1', 'long = 11', 'y = 2', 'x = 1', 'very_long = 111'].map(check));
  expect(order).toEqual(['begun = 1', 'y = 2', 'x = 1', 'long = 11', 'very_long = 111']);
});

test('the schema that a cell claims is an object of bounded size, or none', async () => {
  const schemaOf = async (inputSchema: string) => {
    const cell = controlledCell(false);
    const checked = checkerOf([cell]).check('1');
    await new Promise(setImmediate);
    cell.channel.onFrame({ ...answered, inputSchema } as object);
    return (await checked).inputSchema;
  };
  expect(await schemaOf('{"type":"object"}')).toEqual({ type: 'object' });
  for (const claimed of ['[]', '1', 'no JSON', `{"a":${'['.repeat(6_000)}${']'.repeat(6_000)}}`])
    expect(await schemaOf(claimed)).toBeNull();
});
