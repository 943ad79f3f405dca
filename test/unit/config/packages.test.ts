import { readConfig } from '../../../server/config/environment.ts';

test('names of packages are normalised, and lists may contain spaces', () => {
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

test('by default all packages are allowed, as wheels only', () => {
  expect(readConfig({}).packages).toMatchObject({
    rules: { allowed: null, blocked: [] },
    sourceBuilds: false,
    noIndex: false,
    installer: 'auto',
  });
});

test('installs get the variables of pip, uv, proxies and certificates, and no others of the server', () => {
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
])('%j is refused by name', (env) => {
  expect(() => readConfig(env)).toThrow(Object.keys(env)[0]!);
});

test('the error for a wrong index URL does not contain its password', () => {
  expect(() => readConfig({ PYTHON_INDEX_URL: 'user:secret@index' })).not.toThrow('secret');
});
