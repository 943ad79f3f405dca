import { readConfig } from '../../../server/config/environment.ts';

const messageOf = (env: NodeJS.ProcessEnv) => {
  try {
    readConfig(env);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('Expected readConfig to refuse the settings');
};

test.each([
  [{ PORT: 'abc' }, 'PORT=abc: expected a whole number from 0 to 65535'],
  [{ PORT: '-1.5' }, 'PORT=-1.5: expected a whole number from 0 to 65535'],
  [{ PORT: 'Infinity' }, 'PORT=Infinity: expected a whole number from 0 to 65535'],
  [{ WEFT_RETENTION_DAYS: 'ever' }, 'WEFT_RETENTION_DAYS=ever: expected a number from 1 to 36500'],
  [{ PYTHON_POLICY: 'lax' }, 'PYTHON_POLICY=lax: expected strict, standard or kernel'],
  [{ WEFT_ROLES: 'api,cook' }, 'WEFT_ROLES=api,cook: expected api, worker or sandbox'],
  [{ WEFT_ROLES: ',' }, 'WEFT_ROLES=,: expected at least one of api, worker, sandbox'],
  [{ PYTHON_PRELOAD: 'perhaps' }, 'PYTHON_PRELOAD=perhaps: expected true or false'],
  [
    { PYTHON_SERVICE_URL: 'sandbox' },
    'PYTHON_SERVICE_URL=sandbox: expected a URL such as http://sandbox:4000',
  ],
  [
    { WEFT_OIDC_ISSUERS: 'http://id.example.org' },
    'WEFT_OIDC_ISSUERS=http://id.example.org: expected issuers such as https://id.example.org, without a query',
  ],
  [
    { WEFT_OIDC_SCOPES: 'staff=ROOT' },
    'WEFT_OIDC_SCOPES=staff=ROOT: expected value=SCOPE, of READ, RUN, EDIT, ADMIN, such as staff=RUN',
  ],
  [
    { WEFT_SECRETS_KEY: 'short' },
    'WEFT_SECRETS_KEY=…: expected keys of 32 bytes in base64, as `openssl rand -base64 32` prints them, one a line or with commas between them',
  ],
  [{ WEFT_API_TOKEN: 'short' }, 'WEFT_API_TOKEN=…: expected at least 16 characters'],
])('%j is reported once, with the value and what was expected', (env, line) => {
  expect(messageOf(env)).toBe(`Some settings are not valid:\n  ${line}`);
});

test('all invalid settings are reported together', () => {
  expect(messageOf({ PORT: 'abc', PYTHON_INSTALLER: 'conda' }).split('\n')).toHaveLength(3);
});

test('issuers without an audience would let in tokens for any program', () => {
  expect(messageOf({ WEFT_OIDC_ISSUERS: 'https://id.example.org' })).toContain('Set WEFT_OIDC_AUDIENCE');
});
