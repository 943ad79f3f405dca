import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readHostInstallerConfig } from '../../../server/packages/installer/host-installer-config.ts';
import { optionsOfFile } from '../../../server/packages/installer/pip-options.ts';
import { makeTempFolder, type TempFolder } from '../../support/temp-folder.ts';
import { testPackageSettings } from '../../support/test-environments.ts';

let home: TempFolder;
beforeEach(async () => {
  home = await makeTempFolder();
});
afterEach(() => home[Symbol.asyncDispose]());

const read = (variables: Record<string, string>, settings = {}) =>
  readHostInstallerConfig(
    testPackageSettings({ hostInstallers: { home: home.path, variables }, ...settings }),
  );

function write(name: string, text: string): string {
  const path = join(home.path, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
  return path;
}

test('a pip.conf is read with its sections, comments and values over several lines', () => {
  const text = [
    '# ours',
    '[global]',
    'index-url = https://global.example/simple',
    'extra_index_url: https://one.example',
    '    https://two.example',
    '[install]',
    '; stronger',
    'index-url=https://install.example/simple',
    '[freeze]',
    'timeout = 1',
  ].join('\n');
  expect(optionsOfFile(text)).toEqual({
    'index-url': 'https://install.example/simple',
    'extra-index-url': 'https://one.example https://two.example',
  });
});

test('the files and variables of pip become variables of uv; the variables of pip override its files', async () => {
  write(
    '.config/pip/pip.conf',
    '[global]\nindex-url = https://file.example\nextra-index-url = https://extra.example\n',
  );
  const { variables, homeFiles } = await read({
    PIP_INDEX_URL: 'https://variable.example',
    PIP_NO_INDEX: 'no',
  });
  expect(variables).toMatchObject({
    PIP_INDEX_URL: 'https://variable.example',
    UV_DEFAULT_INDEX: 'https://variable.example',
    UV_EXTRA_INDEX_URL: 'https://extra.example',
  });
  expect(homeFiles).toEqual({ '.config/pip/pip.conf': join(home.path, '.config/pip/pip.conf') });
});

test('where the host configures uv, the configuration of pip is not passed to uv', async () => {
  write('.config/uv/uv.toml', 'index-url = "https://uv.example"\n');
  const { variables } = await read({ PIP_INDEX_URL: 'https://pip.example' });
  expect(variables).not.toHaveProperty('UV_DEFAULT_INDEX');
  expect(
    (await read({ UV_INDEX_URL: 'https://uv.example', PIP_INDEX_URL: 'x' })).variables,
  ).not.toHaveProperty('UV_DEFAULT_INDEX');
});

test("the server's own settings override the host's configuration", async () => {
  const host = { PIP_INDEX_URL: 'https://pip.example', UV_DEFAULT_INDEX: 'https://uv.example' };
  const { variables, noIndex } = await read(host, {
    indexUrl: 'https://own.example',
    findLinks: ['/a', 'https://b.example'],
    noIndex: true,
  });
  expect(noIndex).toBe(true);
  expect(variables).toMatchObject({
    PIP_INDEX_URL: 'https://own.example',
    UV_DEFAULT_INDEX: 'https://own.example',
    PIP_FIND_LINKS: '/a https://b.example',
    UV_FIND_LINKS: '/a,https://b.example',
  });
});

test('variables that would change the target folder, the target Python or the checks are left out', async () => {
  const ignored = {
    PIP_TARGET: '/t',
    PIP_USER: '1',
    UV_PYTHON: '3.9',
    UV_NO_VERIFY_HASHES: '1',
    UV_PROJECT: '/p',
  };
  const { variables } = await read({ ...ignored, UV_HTTP_TIMEOUT: '9' });
  for (const name of Object.keys(ignored)) expect(variables).not.toHaveProperty(name);
  expect(variables).toMatchObject({ UV_HTTP_TIMEOUT: '9' });
});

test('an install can read the files that the configuration names, and no others', async () => {
  const certificate = write('ca.pem', '');
  const wheels = write('wheels/x.whl', '');
  write('other', '');
  const { readable } = await read({
    PIP_CERT: certificate,
    UV_FIND_LINKS: `file://${wheels},/not/there,/dev/null`,
  });
  expect(readable.filter((path) => path.startsWith(home.path)).sort()).toEqual(
    expect.arrayContaining([certificate, wheels]),
  );
  expect(readable).not.toContain(join(home.path, 'other'));
  expect(readable).not.toContain('/dev/null');
});
