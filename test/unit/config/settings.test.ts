import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readConfig } from '../../../server/config/environment.ts';
import { Settings } from '../../../server/config/settings.ts';
import { makeTempFolder } from '../../support/temp-folder.ts';

test.each(Object.entries(Settings.shape))('%s has a description of one line', (_name, { description }) => {
  expect(description).toMatch(/^\S.{10,115}\.$/);
});

test.each([
  ['WEFT_WORKER_CONCURENCY', 'WEFT_WORKER_CONCURRENCY'],
  ['WEFT_ALLOWED_ORIGIN', 'WEFT_ALLOWED_ORIGINS'],
  ['PYTHON_ALLOWED_PACKAGE', 'PYTHON_ALLOWED_PACKAGES'],
  ['WEFT_API_TOKEN_FILES', 'WEFT_API_TOKEN_FILE'],
  ['WEFT_DATADIR', 'WEFT_DATA_DIR'],
])('%s, which is no setting, is a warning that names %s', (name, meant) => {
  expect(readConfig({ [name]: 'x' }).warnings).toEqual([
    `The variable ${name} is not a setting and has no effect. Did you mean ${meant}?`,
  ]);
});

test('settings, secret files and variables of other programs cause no warning', async () => {
  await using folder = await makeTempFolder();
  const token = join(folder.path, 'token');
  writeFileSync(token, 'a secret of the tests\n');
  const { warnings, apiToken } = readConfig({
    WEFT_API_TOKEN_FILE: token,
    WEFT_DATA_DIR: '/srv/weft',
    WEFT_URL: 'http://127.0.0.1:4000',
    PYTHON_VERSION: '3.13.1',
    PYTHON_GIL: '0',
    PYTHONPATH: '/p',
    HOSTS: 'x',
  });
  expect(warnings).toEqual([]);
  expect(apiToken).toBe('a secret of the tests');
});
