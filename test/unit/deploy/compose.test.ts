import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { settingNames } from '../../../server/config/settings.ts';
import { projectRoot } from '../../../server/shared/paths.ts';
import { version } from '../../../server/shared/version.ts';

const read = (path: string) => readFileSync(join(projectRoot, path), 'utf8');
const compose = read('docker-compose.yml');

test('docker-compose.yml sets only settings that the server has', () => {
  const set = [...compose.matchAll(/^ +((?:WEFT|PYTHON)_[A-Z_]+|DATABASE_URL\w*): /gm)].map(
    ([, name]) => name!,
  );
  expect(set).toContain('WEFT_ROLES');
  expect(set.filter((name) => !settingNames.includes(name))).toEqual([]);
});

test('docker-compose.yml names the image of this version', () => {
  expect(compose).toContain(`image: weft:${version}\n`);
});
