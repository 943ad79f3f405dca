import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { spawnEnsure } from '../support/environments-process.ts';
import { eventually } from '../support/eventually.ts';
import { makeTempFolder } from '../support/temp-folder.ts';
import { isCompiled, openTestEnvironments } from '../support/test-environments.ts';
import { openTestIndex, type TestIndex } from '../support/test-index.ts';
import { findTestUv } from '../support/test-uv.ts';

const uvPath = await findTestUv();
const stack = new AsyncDisposableStack();
let root: string;
let index: TestIndex;
let folders = 0;

beforeAll(async () => {
  root = stack.use(await makeTempFolder()).path;
  index = stack.use(
    await openTestIndex({
      name: 'slow',
      version: '1.0',
      files: {
        'slow/__init__.py': 'VALUE = 1\n',
        // Takes Python a second or more to compile.
        'slow/large.py': 'x = [0]\n'.repeat(100_000),
        'slow/template.py': 'def {{ name }}():\n',
      },
    }),
  );
});
afterAll(() => stack.disposeAsync());

async function open() {
  const folder = join(root, String(++folders));
  const settings = { indexUrl: index.url, uvPath };
  const environments = stack.use(await openTestEnvironments(folder, settings));
  const claims = () => readdirSync(join(folder, 'claims'));
  // A claim file is empty between its creation and its first byte, and counts as held for ten seconds.
  const isWritten = (name: string) =>
    !!statSync(join(folder, 'claims', name), { throwIfNoEntry: false })?.size;
  const isCompiling = () => claims().some((name) => name.endsWith('-compile') && isWritten(name));
  return { environments, folder, settings, claims, isCompiling };
}

const quiet = () => ({ signal: new AbortController().signal, onEvent() {} });

async function importSlow(sitePackages: string): Promise<string> {
  const code = `import sys; sys.path.append(${JSON.stringify(sitePackages)}); import slow; print(slow.VALUE)`;
  return (await execa('python3', ['-I', '-S', '-B', '-c', code])).stdout;
}

test('an environment is ready without its bytecode, and is compiled while it is used', async () => {
  const { environments, folder, claims } = await open();
  const lease = await environments.ensure(['slow'], quiet());
  const { id, sitePackages } = lease.environment;
  const sizeAtFirst = (await environments.list())[0]!.sizeBytes;
  expect(isCompiled(folder, id)).toBe(false);
  expect(await importSlow(sitePackages)).toBe('1');
  await eventually('it is compiled', () => isCompiled(folder, id), 120_000);
  lease[Symbol.dispose]();
  expect(readdirSync(join(sitePackages, 'slow/__pycache__')).sort()).toEqual([
    expect.stringMatching(/^__init__\.[\w-]+\.pyc$/),
    expect.stringMatching(/^large\.[\w-]+\.pyc$/),
  ]);
  expect((await environments.list())[0]!.sizeBytes).toBeGreaterThan(sizeAtFirst);
  await eventually('no process holds a claim', () => claims().length === 0);
});

test('a process killed while it compiles leaves an environment that works, and the next process compiles it', async () => {
  const { environments, folder, settings, isCompiling } = await open();
  const { child } = spawnEnsure(folder, ['slow'], settings, [], { stays: true });
  await eventually('it is being compiled', isCompiling);
  child.kill('SIGKILL');
  await once(child, 'exit');
  using lease = await environments.ensure(['slow'], quiet());
  const { id, sitePackages } = lease.environment;
  expect(isCompiled(folder, id)).toBe(false);
  expect(await importSlow(sitePackages)).toBe('1');
  await eventually('it is compiled', () => isCompiled(folder, id), 120_000);
});

test('an environment that is being compiled can be deleted by the compiling process, and is in use for others', async () => {
  const { environments, folder, settings, claims, isCompiling } = await open();
  await using others = await openTestEnvironments(folder, settings);
  const { id } = await environments.prepare(['slow'], quiet());
  await eventually('it is being compiled', isCompiling);
  expect(await others.delete(id)).toBe(false);
  expect(await environments.delete(id)).toBe(true);
  expect(readdirSync(join(folder, 'environments'))).toEqual([]);
  expect(claims()).toEqual([]);
  expect(await environments.prepare(['slow'], quiet())).toMatchObject({ id, state: 'READY' });
});

test('a process that shuts down stops compiling', async () => {
  const { environments, folder, claims, isCompiling } = await open();
  const { id } = await environments.prepare(['slow'], quiet());
  await eventually('it is being compiled', isCompiling);
  await environments[Symbol.asyncDispose]();
  expect(claims()).toEqual([]);
  expect(isCompiled(folder, id)).toBe(false);
});
