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

const nodes = [{ key: 'in', type: 'input' }];

test('60 starts whose schema backtracks are refused by it, and not by the time', async () => {
  const flooded = await weft.createWorkflow({ nodes, inputSchema: { type: 'string', pattern: '^(a+)+$' } });
  const starts = Array.from({ length: 60 }, () => weft.start(flooded, `${'a'.repeat(40)}!`).catch(String));
  for (const refusal of await Promise.all(starts))
    expect(refusal).toMatch(/INVALID_INPUT.*must match the pattern/);
});

test('a start does not wait for 60 starts of another workflow, whose schema takes for ever', async () => {
  const inner = { properties: { a: { $ref: '#' } } };
  const flooded = await weft.createWorkflow({
    nodes,
    inputSchema: { anyOf: [{ ...inner, required: ['b'] }, inner] },
  });
  const other = await weft.createWorkflow({ nodes, inputSchema: { type: 'object', required: ['rows'] } });
  let input: object = {};
  for (let depth = 0; depth < 40; depth++) input = { a: input };
  let ended = 0;
  for (let n = 0; n < 60; n++)
    void weft
      .start(flooded, input)
      .catch(String)
      .finally(() => ended++);
  for (let n = 0; n < 5; n++) {
    const events = await weft.allEvents(await weft.start(other, { rows: [n] }));
    expect(events.at(-1)).toMatchObject({ __typename: 'ExecutionSucceeded', output: { rows: [n] } });
  }
  await weft.createWorkflow({ nodes, inputSchema: { type: 'object' } });
  // The slow ones end four by four, each after five seconds; bad-input.test.ts has what they end with.
  expect(ended).toBeLessThan(10);
});
