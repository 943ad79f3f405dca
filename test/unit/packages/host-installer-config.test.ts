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
  const { pipVariables, uvVariables, homeFiles } = await read({
    PIP_INDEX_URL: 'https://variable.example',
    PIP_NO_INDEX: 'no',
  });
  expect(pipVariables).toMatchObject({
    PIP_INDEX_URL: 'https://variable.example',
    PIP_EXTRA_INDEX_URL: 'https://extra.example',
    PIP_CONFIG_FILE: '/dev/null',
  });
  expect(uvVariables).toMatchObject({
    UV_DEFAULT_INDEX: 'https://variable.example',
    UV_EXTRA_INDEX_URL: 'https://extra.example',
  });
  expect(homeFiles).toEqual({});
});

test('where the host configures uv, the configuration of pip is not passed to uv', async () => {
  const own = await read({ UV_INDEX_URL: 'https://uv.example', PIP_INDEX_URL: 'x' });
  expect(own.uvVariables).not.toHaveProperty('UV_DEFAULT_INDEX');
  const file = write('.config/uv/uv.toml', 'index-url = "https://uv.example"\n');
  const { uvVariables, homeFiles } = await read({ PIP_INDEX_URL: 'https://pip.example' });
  expect(uvVariables).not.toHaveProperty('UV_DEFAULT_INDEX');
  expect(homeFiles).toEqual({ '.config/uv/uv.toml': file });
});

test("the server's own settings override the host's configuration", async () => {
  const host = { PIP_INDEX_URL: 'https://pip.example', UV_DEFAULT_INDEX: 'https://uv.example' };
  const { pipVariables, uvVariables, noIndex } = await read(host, {
    indexUrl: 'https://own.example',
    findLinks: ['/a', 'https://b.example'],
    noIndex: true,
  });
  expect(noIndex).toBe(true);
  expect(pipVariables).toMatchObject({
    PIP_INDEX_URL: 'https://own.example',
    PIP_FIND_LINKS: '/a https://b.example',
  });
  expect(uvVariables).toMatchObject({
    UV_DEFAULT_INDEX: 'https://own.example',
    UV_FIND_LINKS: '/a,https://b.example',
  });
});

test('each installer has the variables that it needs, and no others', async () => {
  const { pipVariables, uvVariables } = await read({
    PIP_TIMEOUT: '9',
    PIP_TARGET: '/t',
    PIP_USER: '1',
    PIP_ANYTHING_ELSE: 'secret',
    UV_HTTP_TIMEOUT: '8',
    UV_PYTHON: '3.9',
    UV_NO_VERIFY_HASHES: '1',
    UV_PUBLISH_TOKEN: 'secret',
    SSL_CERT_FILE: '/ca.pem',
  });
  expect(pipVariables).toMatchObject({ PIP_TIMEOUT: '9', SSL_CERT_FILE: '/ca.pem' });
  for (const name of ['PIP_TARGET', 'PIP_USER', 'PIP_ANYTHING_ELSE', 'UV_HTTP_TIMEOUT', 'UV_PUBLISH_TOKEN'])
    expect(pipVariables).not.toHaveProperty(name);
  expect(uvVariables).toMatchObject({ UV_HTTP_TIMEOUT: '8', SSL_CERT_FILE: '/ca.pem' });
  const ofUv = ['UV_PYTHON', 'UV_NO_VERIFY_HASHES', 'UV_PUBLISH_TOKEN', 'PIP_TIMEOUT', 'PIP_ANYTHING_ELSE'];
  for (const name of ofUv) expect(uvVariables).not.toHaveProperty(name);
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
