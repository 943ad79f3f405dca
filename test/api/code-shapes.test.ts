import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from '../../server/shared/paths.ts';
import { openTestIndex } from '../support/test-index.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft } from '../support/weft-server.ts';

/** Code comes in the shapes that people have it in, and what cannot run is known before it runs. */
const stack = new AsyncDisposableStack();
let weft: WeftClient;
let unreached: WeftClient;

beforeAll(async () => {
  const { url: databaseUrl } = stack.use(await createDatabase());
  const index = stack.use(await openTestIndex({ name: 'tiny-base', version: '1.0' }));
  const env = { PYTHON_INDEX_URL: index.url, PYTHON_ALLOWED_PACKAGES: 'tiny-base', UV_HTTP_RETRIES: '0' };
  weft = stack.use(new WeftClient(stack.use(await startWeft({ databaseUrl, env })).url));
  // Without a worker: it would take runs of the other one, and fail them.
  const alone = { PYTHON_SERVICE_URL: 'http://127.0.0.1:9', WEFT_ROLES: 'api' };
  unreached = stack.use(new WeftClient(stack.use(await startWeft({ databaseUrl, env: alone })).url));
});
afterAll(() => stack.disposeAsync());

const MAIN = 'def main(a: int, b: int = 2):\n    """Adds."""\n    return a + b';
const BLOCK =
  '# /// script\n# requires-python = ">=3.9"\n# dependencies = [\n#   "tiny-base>=1",\n# ]\n# ///\n';

interface Check {
  ok: boolean;
  violations: { rule: string; message: string; line: number | null; column: number | null }[];
  shape: string | null;
  inputSchema: unknown;
  packages: string[];
  missingPackages: string[];
}

async function check(code: string, packages: string[] = []): Promise<Check> {
  const { pythonCheck } = await weft.query<{ pythonCheck: Check }>(
    'query ($code: String!, $packages: [String!]) { pythonCheck(code: $code, packages: $packages) { ok violations { rule message line column } shape inputSchema packages missingPackages } }',
    { code, packages },
  );
  return pythonCheck;
}

interface Saved {
  workflow: { id: string } | null;
  userErrors: { code: string; field: string; message: string }[];
  warnings: { code: string; field: string; message: string }[];
}

async function save(code: string, client = weft): Promise<Saved> {
  const { workflowCreate } = await client.query<{ workflowCreate: Saved }>(
    `mutation ($input: WorkflowInput!) { workflowCreate(input: $input) {
      workflow { id } userErrors { code field message } warnings { code field message }
    } }`,
    { input: { name: 'one', nodes: [{ key: 'a', type: 'python', config: { code } }], edges: [] } },
  );
  return workflowCreate;
}

test.each([
  ['SCRIPT', "result = input_data['a']", 1],
  ['SCRIPT', "def f(): return input_data['a']\nf()", 1],
  ['RETURN', "if input_data: return input_data['a']", 1],
  ['AWAIT', 'import asyncio\nawait asyncio.sleep(0, 3)', 3],
  ['MAIN', MAIN, 3],
  ['RETURN', 'return [item.json.a for item in _input.all()]', [1]],
])('code of the shape %s says so when it starts, and has its result', async (shape, code, output) => {
  expect(await check(code)).toMatchObject({ ok: true, shape }); // so that it is known when the run starts
  const events = await weft.allEvents(await weft.runPython(code, { input: { a: 1 } }));
  expect(events.find(({ __typename }) => __typename === 'NodeStarted')).toMatchObject({ shape });
  expect(events.at(-1)).toMatchObject({ __typename: 'ExecutionSucceeded', output });
});

test('each example of the documentation has its shape and runs as it stands', async () => {
  const page = await readFile(join(projectRoot, 'docs/python-nodes.md'), 'utf8');
  const section = /^## Code as you have it$([\s\S]*?)^## /m.exec(page)![1]!;
  const examples = [...section.matchAll(/^`([A-Z]+)` [\s\S]*?```python\n([\s\S]*?)```/gm)];
  const cases: Record<string, { input: unknown; output: unknown }> = {
    SCRIPT: { input: [{ n: 1 }, { n: 2 }], output: { total: 3 } },
    RETURN: {
      input: [{ price: 2, quantity: 3 }],
      output: [{ json: { price: 2, quantity: 3, total: 6 } }],
    },
    AWAIT: { input: [1, 2], output: [2, 4] },
    MAIN: { input: { rows: [{ total: 4 }] }, output: 4 },
  };
  expect(examples.map(([, shape]) => shape)).toEqual(Object.keys(cases));
  for (const [, shape, code] of examples) {
    const { input, output } = cases[shape!]!;
    expect((await check(code!)).shape).toBe(shape);
    const events = await weft.allEvents(await weft.runPython(code!, { input }));
    expect(events.at(-1)).toMatchObject({ __typename: 'ExecutionSucceeded', output });
  }
});

test('the shape is told with each item of a list, and of no other kind of node', async () => {
  const nodes = [
    { key: 'each', type: 'python', config: { code: MAIN }, forEach: { items: 'input', concurrency: 2 } },
    { key: 'out', type: 'transform', config: { expression: 'input' } },
  ];
  const id = await weft.run(nodes, [{ source: 'each', target: 'out' }], [{ a: 1 }, { a: 5, b: 5 }]);
  const events = await weft.allEvents(id);
  expect(events.at(-1)).toMatchObject({ output: [3, 10] });
  const started = events.filter(({ __typename }) => __typename === 'NodeStarted');
  expect(started.map(({ nodeKey, item, shape }) => [nodeKey, item, shape])).toEqual([
    ['each', null, 'MAIN'],
    ['each', 0, 'MAIN'],
    ['each', 1, 'MAIN'],
    ['out', null, null],
  ]);
});

test('code of n8n reads another node by the edge that leads from it', async () => {
  const rate = { key: 'httpRequest', type: 'transform', config: { expression: '{"rate": 2}' } };
  const rows = { key: 'rows', type: 'transform', config: { expression: '[{"n": 1}, {"n": 5}]' } };
  const code =
    'rate = _node["HTTP Request"].first().json.rate\nreturn [{"json": {"n": item.json.n * rate}} for item in _input.all()]';
  const edges = [rate, rows].map(({ key }) => ({ source: key, target: 'code' }));
  const id = await weft.run([rate, rows, { key: 'code', type: 'python', config: { code } }], edges, null);
  const { output } = (await weft.allEvents(id)).at(-1)!;
  expect(output).toEqual([{ json: { n: 2 } }, { json: { n: 10 } }]);
});

test('an input without a field that `main` needs fails the node, and names the field', async () => {
  const events = await weft.allEvents(await weft.runPython(MAIN, { input: { b: 1 } }));
  expect(events.at(-1)).toMatchObject({
    error: { code: 'PYTHON_EXECUTION_ERROR', type: 'InputError', line: 1 },
  });
  expect(events.at(-1)!.error.message).toContain('needs the field `a` of the input, which has `b`');
});

test('pythonCheck tells the shape, what `main` expects, and the packages that code declares', async () => {
  expect(await check(BLOCK + MAIN)).toEqual({
    ok: true,
    violations: [],
    shape: 'MAIN',
    inputSchema: {
      type: 'object',
      description: 'Adds.',
      properties: { a: { type: 'integer' }, b: { type: 'integer', default: 2 } },
      required: ['a'],
    },
    packages: ['tiny-base>=1'],
    missingPackages: [],
  });
  expect(await check('x = 1')).toMatchObject({ shape: 'SCRIPT', inputSchema: null, packages: [] });
});

test('pythonCheck names the packages that the code imports and does not have, by the names to install them by', async () => {
  const imports =
    'import json, cv2, os\nfrom sklearn.linear_model import Ridge\nif cv2: import tiny_base, requests\n';
  const missing = async (code: string, packages: string[] = []) =>
    (await check(code, packages)).missingPackages;
  expect(await missing(imports)).toEqual(['opencv-python-headless', 'scikit-learn', 'tiny-base']);
  expect(await missing(BLOCK + imports, ['Scikit_Learn>=1'])).toEqual(['opencv-python-headless']);
  expect(await missing(`${imports}import tiny_base; x = `)).toEqual([
    'opencv-python-headless',
    'scikit-learn',
    'tiny-base',
  ]); // being typed
});

test.each([
  ['x = 1\nclass A:\n    return 1', 'syntax-error', 3, 5, "'return' outside function"],
  ['for x in []:\n    pass\nbreak', 'syntax-error', 3, 1, "'break' outside loop"],
  ['def f(x):\n    global x', 'syntax-error', 2, 5, "name 'x' is parameter and global"],
  ['!pip install sklearn', 'syntax-error', 1, 1, "add `scikit-learn` to the node's `packages`"],
  [`${MAIN}\nreturn 1`, 'two-shapes', 4, 1, 'two shapes at once'],
])('what cannot run is found by pythonCheck and at a save: %j', async (code, rule, line, column, message) => {
  const { ok, violations, shape } = await check(code);
  expect({ ok, shape }).toEqual({ ok: false, shape: null });
  expect(violations).toEqual([{ rule, line, column, message: expect.stringContaining(message) }]);
  const { workflow, userErrors } = await save(code);
  expect(workflow).toBeNull();
  expect(userErrors).toEqual([
    { code: 'INVALID_CODE', field: 'nodes.0.config.code', message: expect.stringContaining(message) },
  ]);
  expect(userErrors[0]!.message).toContain(`Line ${line}, column ${column}: `);
});

test('code that two shapes keep from running is no violation', async () => {
  const events = await weft.allEvents(await weft.runPython(`${MAIN}\nreturn 1`));
  expect(events.map(({ __typename }) => __typename)).not.toContain('SecurityViolation');
  expect(events.at(-1)).toMatchObject({
    error: { code: 'PYTHON_EXECUTION_ERROR', type: 'SyntaxError', line: 4 },
  });
});

test('what the rules refuse keeps no workflow from being saved', async () => {
  expect(await save('import os\nresult = 1')).toMatchObject({
    userErrors: [],
    warnings: [{ code: 'PYTHON_SECURITY_ERROR', field: 'nodes.0.config.code' }],
  });
});

test('packages that code declares are installed for it, and judged as those of the node', async () => {
  const events = await weft.allEvents(await weft.runPython(`${BLOCK}import tiny_base\nresult = 1`));
  expect(events.at(-1)).toMatchObject({ output: 1 });
  expect(events.some(({ status }) => status === 'READY')).toBe(true);

  const greedy = BLOCK.replace('tiny-base>=1', 'greedy');
  const refused = expect.stringContaining('`greedy` is not among the packages allowed');
  expect(await check(greedy)).toMatchObject({
    ok: false,
    violations: [{ rule: 'package-not-allowed', line: 1, column: 1, message: refused }],
  });
  expect((await save(greedy)).userErrors).toEqual([
    { code: 'PACKAGE_NOT_ALLOWED', field: 'nodes.0.config.code', message: refused },
  ]);
  const broken = BLOCK.replace('[', '{');
  expect((await save(broken)).userErrors).toMatchObject([
    { code: 'INVALID_REQUIREMENT', field: 'nodes.0.config.code' },
  ]);
  await expect(weft.runPython(broken)).rejects.toThrow('INVALID_REQUIREMENT');
});

test('a script of Windmill has its packages above its code, and the classes of its parameters', async () => {
  const code =
    '# requirements:\n# tiny-base>=1\n# wmill\n\nimport wmill\nimport tiny_base\nfrom dataclasses import dataclass\n\n@dataclass\nclass Order:\n    amount: int\n\ndef main(order: Order):\n    wmill.set_progress(50)\n    return order.amount * 2\n';
  expect(await check(code)).toMatchObject({
    ok: true,
    packages: ['tiny-base>=1'],
    missingPackages: [],
    inputSchema: {
      properties: { order: { properties: { amount: { type: 'integer' } }, required: ['amount'] } },
    },
  });
  const events = await weft.allEvents(await weft.runPython(code, { input: { order: { amount: 2 } } }));
  expect(events.at(-1)).toMatchObject({ output: 4 });
  expect(events).toContainEqual(
    expect.objectContaining({ __typename: 'NodeProgress', current: 50, total: 100 }),
  );
});

test('a save does not depend on a sandbox: where none answers, a warning says that the code was not checked', async () => {
  const { workflow, warnings } = await save('break', unreached);
  expect(workflow).not.toBeNull();
  expect(warnings).toEqual([
    {
      code: 'NOT_CHECKED',
      field: 'nodes.0.config',
      message: expect.stringMatching(/^The code could not be checked: /),
    },
  ]);
});
