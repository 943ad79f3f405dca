import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createDatabase } from '../support/test-postgres.ts';
import { openProject, type Project } from '../support/user-project.ts';
import { startWeft, type WeftServer } from '../support/weft-server.ts';

const stack = new AsyncDisposableStack();
let server: WeftServer;
let project: Project;

beforeAll(async () => {
  const { url } = stack.use(await createDatabase());
  server = stack.use(await startWeft({ databaseUrl: url }));
  project = stack.use(await openProject());
});
afterAll(() => stack.disposeAsync());

const program = `
import { createClient } from '@weft/client';
import { defineWorkflow } from '@weft/client/define';

export const report = defineWorkflow({
  key: 'typed-report',
  name: 'Typed report',
  input: { type: 'object', required: ['rows'] },
  nodes: {
    in: { type: 'input' },
    addUp: {
      type: 'python',
      config: { code: new URL('./add-up.py', import.meta.url), packages: [], timeoutMs: 20_000 },
      retry: { maxAttempts: 2 },
    },
    'is-large': { type: 'branch', config: { condition: 'nodes.addUp.output.total > 5' } },
    out: { type: 'output', config: { value: { total: '{{ nodes.addUp.output.total }}', of: ['{{ nodes.in.output.rows }}'] } } },
    small: { type: 'output', config: { value: 'small' } },
  },
  edges: [
    { source: 'in', target: 'addUp' },
    { source: 'addUp', target: 'is-large' },
    { source: 'is-large', sourceHandle: 'true', target: 'out' },
    { source: 'is-large', sourceHandle: 'false', target: 'small' },
  ],
});

const weft = createClient({ url: process.argv[2]! });
const first = await weft.workflows.upsert(report);
const again = await weft.workflows.upsert(report);
const run = await weft.executions.start({ workflowKey: report.key, input: { rows: [3, 4] } });
console.log(JSON.stringify([first.change, again.change, first.name, await run.result()]));
`;

test('a workflow in TypeScript is deployed with the code of its files, changes nothing twice, and runs', async () => {
  await project.write('add-up.py', 'def main(rows: list):\r\n    return {"total": sum(rows)}\r\n');
  await project.write('app.ts', program);
  expect(project.complaints()).toBe('');
  const { stdout } = await promisify(execFile)(process.execPath, [
    join(project.folder, 'app.ts'),
    server.url,
  ]);
  expect(JSON.parse(stdout)).toEqual([
    'CREATED',
    'UNCHANGED',
    'Typed report',
    { out: { total: 7, of: [[3, 4]] } },
  ]);
});

/** Each line after the directive is what the compiler refuses. */
const mistakes = `
import { defineWorkflow } from '@weft/client/define';

const nodes = { a: { type: 'input' }, b: { type: 'transform', config: { expression: 'input' } } } as const;
defineWorkflow({ key: 'k', nodes, edges: [{ source: 'a', target: 'b' }] });

// @ts-expect-error an edge to a node that is not there
defineWorkflow({ key: 'k', nodes, edges: [{ source: 'a', target: 'c' }] });
// @ts-expect-error a type of node that is not there
defineWorkflow({ key: 'k', nodes: { a: { type: 'pyton', config: { code: 'x' } } } });
// @ts-expect-error a configuration without what it needs
defineWorkflow({ key: 'k', nodes: { a: { type: 'python', config: {} } } });
// @ts-expect-error no configuration where one is needed
defineWorkflow({ key: 'k', nodes: { a: { type: 'python' } } });
// @ts-expect-error a field of the wrong type
defineWorkflow({ key: 'k', nodes: { a: { type: 'python', config: { code: 'x', timeoutMs: '1' } } } });
// @ts-expect-error a field that the type does not have
defineWorkflow({ key: 'k', nodes: { a: { type: 'python', config: { code: 'x', timeout: 1 } } } });
// @ts-expect-error a template of a node that is not there
defineWorkflow({ key: 'k', nodes: { a: { type: 'output', config: { value: 'x {{ nodes.b.output }}' } } } });
// @ts-expect-error the same in an object
defineWorkflow({ key: 'k', nodes: { a: { type: 'output', config: { value: { x: ['{{ $sum(nodes.b) }}'] } } } } });
// @ts-expect-error an expression of a node that is not there
defineWorkflow({ key: 'k', nodes: { a: { type: 'branch', config: { condition: '1 + nodes.\`b-c\`.output' } } } });
// @ts-expect-error a list of a node that is not there
defineWorkflow({ key: 'k', nodes: { a: { type: 'merge', forEach: { items: 'nodes.b.output' } } } });

// None of these is a mistake.
const text: string = 'nodes.nobody';
defineWorkflow({
  key: 'k',
  timeoutMs: 60_000,
  concurrency: { max: 1 },
  nodes: {
    a: { type: 'output', config: { value: 'see nodes.txt and {{ input.nodes.b }} {{ nodes.a.output }}' } },
    'b-c': { type: 'branch', config: { condition: 'nodes.\`b-c\`.output or $nodes.x or mynodes.y' } },
    d: { type: 'python', config: { code: 'nodes.nobody' } },
    e: { type: 'output', config: { value: text } },
    f: { type: 'switch', config: { cases: [{ handle: 'x', when: 'nodes.a.output=1' }] } },
    g: { type: 'http', config: { url: 'https://example.org/{{ nodes.a.output }}', headers: { a: '{{ nodes.d }}' } } },
  },
});
`;

test('the compiler refuses wrong configurations, edges and references, and nothing that is right', async () => {
  await project.write('app.ts', mistakes);
  expect(project.complaints()).toBe('');
});
