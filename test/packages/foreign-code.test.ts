import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import type { Environments } from '../../server/packages/environments.ts';
import { pipCommand, RUN_PIP } from '../../server/packages/installer/pip.ts';
import type { PackageSettings } from '../../server/packages/settings.ts';
import { makeTempFolder } from '../support/temp-folder.ts';
import { openTestEnvironments } from '../support/test-environments.ts';
import { openTestIndex, type TestIndex } from '../support/test-index.ts';
import { makeSourceDistribution } from '../support/test-source-distribution.ts';
import { findTestUv } from '../support/test-uv.ts';
import { makeWheel } from '../support/test-wheel.ts';

const uvPath = await findTestUv();
const PASSWORD = 'pass-of-the-index';
const BUILT = 'foreign code was built';
const SOURCE = '/files/evil/evil-1.0.tar.gz';
const WHEEL = '/files/evil/evil-1.0-py3-none-any.whl';
const installers: PackageSettings['installer'][] = uvPath === undefined ? ['pip'] : ['uv', 'pip'];
const stack = new AsyncDisposableStack();
let root: string;
let index: TestIndex;
/** Another host, which no install has any business with. */
let foreign: TestIndex;
let folders = 0;

beforeAll(async () => {
  root = stack.use(await makeTempFolder()).path;
  index = stack.use(await openTestIndex());
  foreign = stack.use(await openTestIndex());
  const source = await makeSourceDistribution('evil', `raise SystemExit(${JSON.stringify(BUILT)})`);
  const wheel = makeWheel({ name: 'evil', version: '1.0' });
  writeFileSync(join(root, 'evil-1.0.tar.gz'), source);
  for (const host of [index, foreign]) {
    host.addFile('evil', 'evil-1.0.tar.gz', source);
    host.addFile('evil', wheel.name, wheel.bytes);
  }
  index.addFile('source-only', 'source-only-1.0.tar.gz', source);
  index.add({ name: 'needs-source', version: '1.0', requires: ['source-only'] });
  const urls = Object.entries(dependencies);
  index.add(...urls.map(([name, requirement]) => ({ name, version: '1.0', requires: [requirement()] })));
});
afterAll(() => stack.disposeAsync());
beforeEach(() => {
  index.requests.length = 0;
  foreign.requests.length = 0;
});

/** Each is a package of the index, and what it depends on. */
const dependencies: Record<string, () => string> = {
  'url-source': () => `evil @ ${new URL(SOURCE, foreign.url)}`,
  'url-wheel': () => `evil @ ${new URL(WHEEL, foreign.url)}`,
  'url-of-index': () => `evil @ ${new URL(SOURCE, index.url)}`,
  'url-wheel-of-index': () => `evil @ ${new URL(WHEEL, index.url)}`,
  'url-of-repository': () => `evil @ git+${new URL('/evil.git', foreign.url)}`,
  'url-of-file': () => `evil @ file://${join(root, 'evil-1.0.tar.gz')}`,
  'url-with-marker': () => `evil @ ${new URL(SOURCE, foreign.url)} ; python_version > "3"`,
  'url-with-extra': () => `evil[x] @ ${new URL(SOURCE, foreign.url)}`,
  'url-with-variables': () => `evil @ ${foreign.url}\${UV_DEFAULT_INDEX}/\${PIP_INDEX_URL}/evil-1.0.tar.gz`,
};

async function open(settings: Partial<PackageSettings> = {}): Promise<Environments & { folder: string }> {
  const folder = join(root, String(++folders));
  const all = { indexUrl: index.url, uvPath, ...settings };
  return Object.assign(stack.use(await openTestEnvironments(folder, all)), { folder });
}

const failureOf = async (environments: Environments, ...packages: string[]): Promise<Error> => {
  const waiter = { signal: new AbortController().signal, onEvent() {} };
  return environments.ensure(packages, waiter).then(
    () => {
      throw new Error('Expected the packages to fail');
    },
    (error) => error,
  );
};

describe.each(installers)('with %s', (installer) => {
  const names = Object.keys(dependencies);
  // A request takes pip much longer.
  test.each(installer === 'uv' ? names : names.filter((name) => !/marker|extra/.test(name)))(
    '%s: a dependency that is a URL is neither fetched nor built',
    async (name) => {
      const isBuilt = ['url-source', 'url-of-index'].includes(name);
      for (const sourceBuilds of isBuilt ? [false, true] : [false]) {
        const error = await failureOf(await open({ installer, sourceBuilds }), name);
        expect(error).toMatchObject({ code: 'PYTHON_PACKAGE_ERROR', retryable: false });
        expect(error.message).toMatch(/requires another one by a URL.*evil/s);
        expect(error.message).not.toContain(BUILT);
      }
      expect(foreign.requests).toEqual([]);
      expect(index.requests.filter((path) => path.includes('/evil'))).toEqual([]);
    },
  );

  test('a dependency without a wheel is not built', async () => {
    const error = await failureOf(await open({ installer }), 'needs-source');
    expect(error).toMatchObject({ code: 'PYTHON_PACKAGE_ERROR', retryable: false });
    expect(error.message).not.toContain(BUILT);
  });

  test('no error shows the password of the index', async () => {
    const withPassword = new URL(index.url);
    Object.assign(withPassword, { username: 'the-reader', password: PASSWORD });
    const variables = { PIP_EXTRA_INDEX_URL: withPassword.href, UV_INDEX: `own=${withPassword.href}` };
    const environments = await open({
      installer,
      indexUrl: withPassword.href,
      hostInstallers: { home: undefined, variables },
    });
    const names = ['url-with-variables', 'no-such-package', 'needs-source'];
    for (const name of names)
      expect((await failureOf(environments, name)).message).not.toMatch(/pass-of|the-reader/);
  });
});

test('a requirement with a `$`, which an installer would replace by a variable, is refused', async () => {
  const environments = await open();
  const texts = [
    'tiny ; python_version < "$"',
    "tiny ; python_version < '$'",
    'tiny===$',
    'tiny>=1,===$',
    'tiny (===1+$)',
    'tiny[$]',
  ];
  for (const text of texts.map((each) => each.replace('$', () => `\${PIP_INDEX_URL}`))) {
    expect(await failureOf(environments, text)).toMatchObject({
      findings: [{ rule: 'invalid-requirement' }],
    });
  }
  expect(index.requests).toEqual([]);
});

test('pip can start no program where only wheels are installed', async () => {
  const folder = join(root, 'fake');
  const files = {
    'cli/main.py':
      'import subprocess\ndef main(arguments):\n    return subprocess.run(arguments).returncode\n',
    'exceptions.py': 'InstallationError = Exception\n',
    'req/constructors.py': 'install_req_from_req_string = None\n',
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, 'pip/_internal', path)), { recursive: true });
    writeFileSync(join(folder, 'pip/_internal', path), text);
  }
  const run = (wheelsOnly: boolean) => {
    const [python, ...args] = pipCommand({ python: 'python3', pip: { folder }, args: ['true'], wheelsOnly });
    return execa(python!, args, { reject: false });
  };
  expect(await run(false)).toMatchObject({ exitCode: 0 });
  expect(await run(true)).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('PermissionError') });
});

test('a uv that is not the one whose hashes Weft has is not run', async () => {
  const version = /^uv==(\S+)/m.exec(
    readFileSync(join(dirname(RUN_PIP), 'uv-requirements.txt'), 'utf8'),
  )![1]!;
  const tampered = await openTestIndex({ name: 'uv', version, files: { 'uv.py': '' } });
  await using _closed = tampered;
  tampered.add({ name: 'tiny', version: '1.0' });
  const settings = { indexUrl: tampered.url, uvPath: undefined };
  const environments = await open({ ...settings, installer: 'uv' });
  expect(await failureOf(environments, 'tiny')).toMatchObject({
    message: expect.stringContaining('Expected uv'),
  });
  expect(tampered.requests.some((path) => path.startsWith('/files/uv/'))).toBe(true);
  expect(existsSync(join(environments.folder, 'tools', `uv-${version}`))).toBe(false);
});
