import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import type { EnvironmentEvent } from '../../server/packages/environment.ts';
import type { Environments } from '../../server/packages/environments.ts';
import type { PackageSettings } from '../../server/packages/settings.ts';
import { makeTempFolder } from '../support/temp-folder.ts';
import { openTestEnvironments } from '../support/test-environments.ts';
import { openTestIndex, type TestIndex } from '../support/test-index.ts';
import { findTestUv } from '../support/test-uv.ts';
import { makeWheel } from '../support/test-wheel.ts';

const uvPath = await findTestUv();
const stack = new AsyncDisposableStack();
let root: string;
let index: TestIndex;
/** Used by most tests; each requests a set of packages of its own. */
let shared: Environments & { folder: string };
let folders = 0;

beforeAll(async () => {
  root = stack.use(await makeTempFolder()).path;
  index = stack.use(
    await openTestIndex(
      { name: 'tiny', version: '1.0', requires: ['tiny-base>=1'] },
      { name: 'tiny', version: '2.0', requires: ['tiny-base>=1', 'not-here; sys_platform == "win32"'] },
      { name: 'tiny-base', version: '1.5' },
      { name: 'clash', version: '1.0', requires: ['tiny-base<1'] },
      { name: 'bad-hash', version: '1.0', wrongHash: true },
      {
        name: 'spread',
        version: '1.0',
        files: { 'spread_a/__init__.py': '', 'spread_b.py': '', '_hidden.py': '' },
      },
    ),
  );
});
afterAll(() => stack.disposeAsync());
beforeAll(async () => {
  shared = await open({ hostInstallers: noRetries });
});
beforeEach(() => index.behave('well'));

const noRetries = { home: undefined, variables: { UV_HTTP_RETRIES: '0', PIP_RETRIES: '0' } };

/** In a folder of its own, so that no request is known yet. */
async function open(settings: Partial<PackageSettings> = {}): Promise<Environments & { folder: string }> {
  const folder = join(root, String(++folders));
  const environments = await openTestEnvironments(folder, { indexUrl: index.url, uvPath, ...settings });
  stack.use(environments);
  return Object.assign(environments, { folder });
}

async function ensure(environments: Environments, ...packages: string[]) {
  const events: EnvironmentEvent[] = [];
  const onEvent = (event: EnvironmentEvent) => void events.push(event);
  const { signal } = new AbortController();
  const lease = await environments.ensure(packages, { signal, onEvent });
  lease[Symbol.dispose]();
  return { ...lease.environment, events };
}

const failureOf = (environments: Environments, ...packages: string[]) =>
  ensure(environments, ...packages).then(
    () => {
      throw new Error('Expected the packages to fail');
    },
    (error) => error,
  );

/** What builds left behind; claims for compiling may exist meanwhile. */
const leftovers = ({ folder }: { folder: string }) => [
  ...readdirSync(join(folder, 'install/building')),
  ...readdirSync(join(folder, 'claims')).filter((name) => !name.endsWith('-compile')),
];

test('packages are importable by a bare interpreter that has their folder on its path', async () => {
  const { sitePackages, preload, events } = await ensure(shared, 'tiny', 'spread');
  const code = `import sys; sys.path.append(${JSON.stringify(sitePackages)}); import tiny, tiny_base, spread_a; print(tiny.VERSION)`;
  const { stdout } = await execa('python3', ['-I', '-S', '-B', '-c', code]);
  expect(stdout).toBe('2.0');
  expect(preload).toEqual(['spread_a', 'spread_b', 'tiny']);

  expect(events[0]).toMatchObject({ status: 'RESOLVING', packages: ['spread', 'tiny'] });
  expect(events.at(-1)).toMatchObject({ status: 'READY', message: null });
  const installing = events.filter(({ status }) => status === 'INSTALLING');
  expect([...installing[0]!.packages].sort()).toEqual(['spread==1.0', 'tiny-base==1.5', 'tiny==2.0']);
  const messages = installing.map(({ message }) => message);
  for (const count of [1, 2, 3]) {
    const pattern = new RegExp(`^Installed \\S+ \\S+ \\(${count} of 3\\)$`);
    expect(messages).toContainEqual(expect.stringMatching(pattern));
  }
});

test('the second request needs neither the index nor an installer, not even in another process', async () => {
  const { id } = await ensure(shared, 'tiny');
  const requestsBefore = index.requests.length;
  const settings = { indexUrl: index.url, uvPath: undefined, bubblewrapPath: undefined };
  const elsewhere = stack.use(await openTestEnvironments(shared.folder, settings));
  expect(await ensure(elsewhere, 'Tiny')).toMatchObject({ id, events: [{ status: 'READY' }] });
  expect(index.requests).toHaveLength(requestsBefore);
});

test('requests that resolve to the same packages share one environment, with its requirements and lock beside it', async () => {
  const one = await ensure(shared, 'tiny');
  const other = await ensure(shared, 'tiny>=2', 'tiny-base');
  expect(other).toMatchObject({ id: one.id, preload: ['tiny', 'tiny_base'] });
  const folder = join(shared.folder, 'environments', one.id);
  expect(readFileSync(join(folder, 'requirements.txt'), 'utf8')).toBe('tiny\n');
  expect(readFileSync(join(folder, 'requirements.lock'), 'utf8')).toMatch(
    /tiny==2\.0 \\\n +--hash=sha256:[0-9a-f]{64}/,
  );
  expect(await shared.list()).toContainEqual(
    expect.objectContaining({
      id: one.id,
      state: 'READY',
      requirements: ['tiny'],
      packages: expect.arrayContaining([{ name: 'tiny-base', version: '1.5' }]),
    }),
  );
});

test.each([
  ['a name that does not exist', ['no-such-package'], /no-such-package/],
  ['a version that does not exist', ['tiny==9'], /tiny==9/],
  ['requirements that conflict', ['tiny', 'clash'], /tiny-base/],
  ['a file with the wrong hash', ['bad-hash'], /its hash differs/],
])(
  '%s fails with the output of the installer, and nothing half built remains',
  async (_what, packages, words) => {
    const error = await failureOf(shared, ...packages);
    expect(error).toMatchObject({
      code: 'PYTHON_PACKAGE_ERROR',
      retryable: false,
      message: expect.stringMatching(words),
    });
    expect(leftovers(shared)).toEqual([]);
    expect(await shared.list()).toContainEqual(
      expect.objectContaining({ state: 'FAILED', requirements: packages.toSorted(), message: error.message }),
    );
  },
);

test('a request for a module or a misspelt name fails with the name of the package that was meant', async () => {
  const error = await failureOf(shared, 'sklearn', 'panads>=2', 'tiny');
  expect(error.message).toMatch(/The installer printed: .*(sklearn|panads)/s);
  expect(error.message).toContain('Did you mean `scikit-learn` instead of `sklearn`?');
  expect(error.message).toContain('Did you mean `pandas` instead of `panads`?');
  expect(error.message.match(/Did you mean/g)).toHaveLength(2);
});

test('an index that fails is a retryable failure, and the next request tries again', async () => {
  index.behave('fail');
  expect(await failureOf(shared, 'tiny-base')).toMatchObject({ retryable: true });
  index.behave('well');
  const { id } = await ensure(shared, 'tiny-base');
  const about = (await shared.list()).filter(({ requirements }) => requirements.join() === 'tiny-base');
  expect(about).toMatchObject([{ id, state: 'READY' }]);
});

test('an index that is down is a retryable failure', async () => {
  const environments = await open({ hostInstallers: noRetries, indexUrl: 'http://127.0.0.1:9/simple/' });
  const error = await failureOf(environments, 'tiny', 'sklearn');
  expect(error).toMatchObject({
    code: 'PYTHON_PACKAGE_ERROR',
    retryable: true,
    message: expect.stringContaining('could not be reached'),
  });
  expect(error.message).not.toContain('Did you mean');
});

test('an install from an index that hangs ends at the time limit', async () => {
  const environments = await open({ timeoutMs: 1_500 });
  index.behave('hang');
  const error = await failureOf(environments, 'tiny');
  expect(error).toMatchObject({ retryable: true, message: expect.stringContaining('within 1.5 s') });
  expect(leftovers(environments)).toEqual([]);
});

test('malformed and refused packages never reach an installer', async () => {
  const requestsBefore = index.requests.length;
  const error = await failureOf(shared, 'tiny; rm -rf /', 'https://example.com/tiny.whl', 'tiny');
  expect(error.findings).toMatchObject([
    { rule: 'invalid-requirement', index: 0 },
    { rule: 'package-not-allowed', index: 1 },
  ]);
  expect(index.requests).toHaveLength(requestsBefore);
});

test('a blocked dependency stops the install, and the use of an environment that was built before', async () => {
  await ensure(shared, 'tiny');
  const rules = { allowed: null, blocked: ['tiny-base'], allowedCover: 'asked' } as const;
  const settings = { indexUrl: index.url, uvPath, rules };
  const blocking = stack.use(await openTestEnvironments(shared.folder, settings));
  for (const packages of [['tiny'], ['tiny==1.0']]) {
    const error = await failureOf(blocking, ...packages);
    expect(error.findings).toMatchObject([
      { rule: 'package-not-allowed', message: expect.stringContaining('tiny-base') },
    ]);
  }
});

test('a wheelhouse suffices without an index', async () => {
  const wheelhouse = join(root, 'wheelhouse');
  mkdirSync(wheelhouse);
  const { name, bytes } = makeWheel({ name: 'offline', version: '3.1' });
  writeFileSync(join(wheelhouse, name), bytes);
  const environments = await open({ indexUrl: undefined, findLinks: [wheelhouse], noIndex: true });
  expect((await ensure(environments, 'offline')).preload).toEqual(['offline']);
});

test("the host's configuration of pip applies to uv and pip alike", async () => {
  const home = join(root, 'home');
  mkdirSync(join(home, '.config/pip'), { recursive: true });
  writeFileSync(join(home, '.config/pip/pip.conf'), `[global]\nindex-url = ${index.url}\n`);
  const byFile = await open({ indexUrl: undefined, hostInstallers: { home, variables: {} } });
  expect((await ensure(byFile, 'tiny')).preload).toEqual(['tiny']);
  const variables = { PIP_INDEX_URL: index.url, PIP_TARGET: '/elsewhere', PIP_USER: '1' };
  const byVariable = await open({ indexUrl: undefined, hostInstallers: { home: undefined, variables } });
  expect((await ensure(byVariable, 'tiny')).preload).toEqual(['tiny']);
});

test('pip installs where there is no uv', async () => {
  const environments = await open({ installer: 'pip' });
  const { sitePackages, events } = await ensure(environments, 'tiny');
  expect(readdirSync(sitePackages)).toEqual(expect.arrayContaining(['tiny.py', 'tiny_base.py']));
  expect(events.map(({ message }) => message)).toContainEqual(expect.stringContaining('(2 of 2)'));
  expect(await failureOf(environments, 'no-such-package')).toMatchObject({ retryable: false });
});
