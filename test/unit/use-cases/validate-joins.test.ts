import type { WorkflowDraft } from '../../../server/nodes/draft.ts';
import type { PythonFinding } from '../../../server/sandbox/backend.ts';
import { validateWorkflow } from '../../../server/use-cases/validate.ts';
import { draftOf, nodeOf } from '../engine/drive-by-hand.ts';
import { validationDeps } from './validation-deps.ts';

const found: PythonFinding[] = [];
const deps = validationDeps(async (code) => (code.includes('os') ? found : []));
afterAll(() => deps[Symbol.dispose]());

/** Nodes are transforms; `b…` are branches, `s` is a switch with the cases `x` and `y`. */
function workflow(
  texts: string[],
  nodes: Record<string, [type: string, config: object]> = {},
): WorkflowDraft {
  const draft = draftOf(...texts);
  const cases = ['x', 'y'].map((handle) => ({ handle, when: 'input' }));
  draft.nodes = draft.nodes.map(({ key, join }) => {
    const given = nodes[key];
    if (given !== undefined) return { ...nodeOf(key, ...given), join };
    if (key.startsWith('b')) return { ...nodeOf(key, 'branch', { condition: 'input' }), join };
    return { ...(key === 's' ? nodeOf(key, 'switch', { cases }) : nodeOf(key)), join };
  });
  return draft;
}

async function warningsOf(draft: WorkflowDraft) {
  const { errors, warnings } = await validateWorkflow(draft, deps);
  expect(errors).toEqual([]);
  expect(warnings.every(({ level }) => level === 'WARNING')).toBe(true);
  return warnings;
}
const codesOf = async (draft: WorkflowDraft) =>
  (await warningsOf(draft)).map(({ code, field }) => `${code} ${field}`);

test.each([
  ['a branch, at once', ['b.true>c', 'b.false>c']],
  ['a branch, through other nodes', ['b.true>x', 'x>y', 'y>c', 'b.false>z', 'z>c']],
  ['success and error', ['a>d', 'd>c', 'a.error>c']],
  ['two cases of a switch', ['s.x>d', 's.y>e', 's.default>f', 'd>c', 'e>c', 'f>c']],
  ['a node and what runs only on its error', ['a>c', 'a.error>d', 'd>c']],
  ['a case, and the others as alternatives', ['s.x>c.one', 's.y>c.rest', 's.default>c.rest', 'c>z']],
  ['a branch within a branch', ['b.true>b1', 'b1.true>x', 'b1.false>y', 'x>c', 'y>c']],
])('a join whose inputs come from opposite handles has a warning: %s', async (_, texts) => {
  const draft = workflow(texts);
  const index = draft.nodes.findIndex(({ key }) => key === 'c');
  expect(await codesOf(draft)).toEqual([`JOIN_NEVER_MET nodes.${index}.join`]);
  draft.nodes[index] = { ...draft.nodes[index]!, join: 'ANY' };
  expect(await codesOf(draft)).toEqual([]);
});

test.each([
  ['the same target handle', ['b.true>x', 'b.false>y', 'x>c.in', 'y>c.in']],
  ['both after the same handle', ['b.true>x', 'b.true>y', 'x>c', 'y>c']],
  [
    'a branch whose ways meet before',
    ['b.true>x', 'b.false>y', 'm=ANY', 'x>m', 'y>m', 'm>c', 'x>z', 'b.false>z1'],
  ],
  ['two branches', ['b.true>c', 'b1.false>c']],
  ['some cases in common', ['s.x>c.a', 's.y>c.a', 's.y>c.b', 's.default>c.b', 's.y>c']],
])('a join that can be met has none: %s', async (_, texts) => {
  expect(await codesOf(workflow(texts))).toEqual([]);
});

test('the warning says which handles, and both mends', async () => {
  const [warning] = await warningsOf(workflow(['b.true>x', 'b.false>y', 'x>c', 'y>c.late']));
  expect(warning!.message).toBe(
    'Node `c` waits for all of its inputs and can never start: they come from different handles of `b`, which emits on one only ' +
      '(the one from `x` needs `true`, `late` needs `false`). Set `join: ANY`, or give the edges the same `targetHandle`, so that they are alternatives for one input.',
  );
});

test('what follows a node that can never start has no warning of its own', async () => {
  expect(await codesOf(workflow(['b.true>c', 'b.false>c', 'c>d', 'b.true>d', 'd>e']))).toHaveLength(1);
});

test('a reference to a node that has failed, or that runs on the other way, has a warning', async () => {
  const draft = workflow(['a.error>e', 'b.true>x', 'b.false>y', 'm=ANY', 'x>m', 'y>m', 'x>y', 'y=ANY'], {
    e: ['output', { value: '{{ nodes.a.output }}' }],
    y: ['transform', { expression: 'nodes.x.output' }],
    m: ['transform', { expression: 'nodes.x.output' }],
  });
  const withoutWay = workflow(
    ['b.true>x', 'x>y.in', 'b.false>y.in', 'y>z', 'b.false>z', 'x>w.a', 'b.false>w.a'],
    {
      z: ['transform', { expression: 'nodes.x.output + 1' }],
      w: ['transform', { expression: '$exists(nodes.x.output) ? nodes.x.output : 0' }],
    },
  );
  expect((await warningsOf(draft)).map(({ field, message }) => [field, message])).toEqual([
    [
      'nodes.3.config.value',
      '`nodes.a.output` is undefined: node `e` starts only when `a` has failed. What it was given is `input` of the value from its error handle.',
    ],
  ]);
  expect((await warningsOf(withoutWay)).map(({ message }) => message)).toEqual([
    '`nodes.x.output` is undefined: node `z` starts only when `b` has emitted on `false`, and `x` only when it has emitted on `true`.',
  ]);
});

test('a case of a switch that nothing follows has a warning, a branch with one way and a default have none', async () => {
  expect(await codesOf(workflow(['b.true>c', 's.x>d']))).toEqual(['LOOSE_HANDLE nodes.2']);
  expect((await warningsOf(workflow(['s.x>d']))).map(({ message }) => message)).toEqual([
    'No edge leads from `y` of node `s`: a run that goes there ends on this way. Connect it or remove it.',
  ]);
  expect(await codesOf(workflow(['a>b']))).toEqual(['LOOSE_HANDLE nodes.1']);
});

test('code that breaks the policy has a warning with its line', async () => {
  found.splice(0, 2, { rule: 'blocked-import', message: '`os` is not allowed', line: 2, column: 8 });
  const draft = workflow(['p>q'], {
    p: ['python', { code: 'x = 1\nimport os' }],
    q: ['python', { code: '1' }],
  });
  expect(await warningsOf(draft)).toEqual([
    {
      level: 'WARNING',
      code: 'PYTHON_SECURITY_ERROR',
      field: 'nodes.0.config.code',
      message: 'Line 2, column 8: `os` is not allowed.',
    },
  ]);
});

test('where code cannot be checked, or not in time, a workflow is valid, with a warning that says so', async () => {
  const draft = workflow(['p>q'], { p: ['python', { code: '1' }], q: ['python', { code: '2' }] });
  const refused = validateWorkflow(draft, {
    ...deps,
    sandbox: { check: () => Promise.reject(new Error('no service')) },
  });
  const notChecked = ['nodes.0.config', 'nodes.1.config'].map((field) => ({
    level: 'WARNING',
    code: 'NOT_CHECKED',
    field,
    message: expect.stringMatching(/could not be checked/),
  }));
  expect(await refused).toEqual({ errors: [], warnings: notChecked });
  const never = validateWorkflow(draft, { ...deps, sandbox: { check: () => new Promise(() => {}) } });
  expect(await never).toEqual({ errors: [], warnings: notChecked });
});
