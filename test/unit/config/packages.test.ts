import { readConfig } from '../../../server/config/environment.ts';

test('names of packages are normalised, and lists may be spaced out', () => {
  const { packages } = readConfig({
    PYTHON_ALLOWED_PACKAGES: ' Pandas, scikit_learn ,,Foo.Bar',
    PYTHON_BLOCKED_PACKAGES: 'Evil__Package',
  });
  expect(packages.rules).toEqual({
    allowed: ['pandas', 'scikit-learn', 'foo-bar'],
    blocked: ['evil-package'],
    allowedCover: 'asked',
  });
});

test('with nothing set all packages are allowed, as wheels alone', () => {
  expect(readConfig({}).packages).toMatchObject({
    rules: { allowed: null, blocked: [] },
    sourceBuilds: false,
    noIndex: false,
    installer: 'auto',
  });
});

test("installs get pip's and uv's variables and the way to the network, and none of the server's", () => {
  const theirs = {
    PIP_INDEX_URL: 'https://x',
    UV_OFFLINE: '1',
    https_proxy: 'http://p',
    SSL_CERT_FILE: '/c',
  };
  const { packages } = readConfig({
    ...theirs,
    WEFT_API_TOKEN: 'a'.repeat(20),
    PYTHONPATH: '/p',
    AWS_SECRET: 's',
    PATH: '',
  });
  expect(packages.hostInstallers.variables).toEqual(theirs);
});

test.each([
  { PYTHON_INDEX_URL: 'not a url' },
  { PYTHON_EXTRA_INDEX_URL: 'https://fine.example, ftp://not.example' },
  { PYTHON_SOURCE_BUILDS: 'perhaps' },
  { PYTHON_INSTALLER: 'conda' },
  { PYTHON_INSTALL_TIMEOUT_SECONDS: '0' },
  { PYTHON_PACKAGE_CACHE: 'relative/path' },
  { WEFT_ENVIRONMENTS_MAX_MB: '-1' },
])('%j is not taken, and named', (env) => {
  expect(() => readConfig(env)).toThrow(Object.keys(env)[0]!);
});

test('the password of an index is not told where its URL is wrong', () => {
  expect(() => readConfig({ PYTHON_INDEX_URL: 'user:secret@index' })).not.toThrow('secret');
});
