import { createDatabase } from '../support/test-postgres.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft } from '../support/weft-server.ts';

const stack = new AsyncDisposableStack();
let weft: WeftClient;
beforeAll(async () => {
  const { url: databaseUrl } = stack.use(await createDatabase());
  weft = stack.use(new WeftClient(stack.use(await startWeft({ databaseUrl })).url));
});
afterAll(() => stack.disposeAsync());

const check = async (code: string, packages: string[] = []) => {
  const { pythonCheck } = await weft.query<{ pythonCheck: { ok: boolean; violations: { rule: string }[] } }>(
    'query ($code: String!, $packages: [String!]) { pythonCheck(code: $code, packages: $packages) { ok violations { rule } } }',
    { code, packages },
  );
  return pythonCheck;
};

/** Each takes a good part of a second to check, and none is like another. */
const expensive = (n: number) => `x = ${n}\n${'x = {x, 1}\n'.repeat(30_000)}`;
/** For which Python's own parser takes quadratic time. */
const deep = (n: number) => `import x${n}${'.a'.repeat(15_000)}`;

test('runs and checks do not wait for a flood of code that takes long to check', async () => {
  let ended = 0;
  const flood = Array.from({ length: 6 }, (_, n) => [
    check(expensive(n)).finally(() => ended++),
    weft
      .runPython(expensive(100 + n))
      .then((id) => weft.allEvents(id))
      .finally(() => ended++),
  ]).flat();
  // Each flooded check is under way, or waits, when the first of them can end.
  expect(await check('result = "first"')).toEqual({ ok: true, violations: [] });
  for (let n = 0; n < 3; n++) {
    expect(await check(`import os  # ${n}`)).toMatchObject({ ok: false });
    expect((await weft.allEvents(await weft.runPython(`result = ${n}`))).at(-1)!.output).toBe(n);
  }
  expect(ended).toBeLessThan(flood.length);
  await Promise.all(flood);
});

test('names of endless parts are refused at once, in whatever number', async () => {
  const checks = Array.from({ length: 40 }, (_, n) => check(deep(n)));
  for (const { violations } of await Promise.all(checks))
    expect(violations).toMatchObject([{ rule: 'too-complex' }]);
  const runs = await Promise.all(Array.from({ length: 10 }, (_, n) => weft.runPython(deep(100 + n))));
  for (const id of runs)
    expect((await weft.allEvents(id)).at(-1)).toMatchObject({ error: { code: 'PYTHON_SECURITY_ERROR' } });
});

test('requirements that match nothing hold up nobody', async () => {
  const hostile = Array.from({ length: 90 }, (_, n) => `a${n}${' '.repeat(490)}$`);
  const checks = Array.from({ length: 5 }, () => check('1', hostile));
  for (const { violations } of await Promise.all(checks)) expect(violations).toHaveLength(90);
});
