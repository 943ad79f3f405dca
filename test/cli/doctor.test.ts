import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from '@jest/globals';
import { execa } from 'execa';
import { projectRoot } from '../../server/shared/paths.ts';
import { openS3Server, s3Keys } from '../support/s3-server.ts';
import { makeTempFolder } from '../support/temp-folder.ts';
import { createDatabase } from '../support/test-postgres.ts';

test('on a host with everything the doctor prints what it found and exits with 0', async () => {
  await using database = await createDatabase();
  const { exitCode, stdout } = await runDoctor({ DATABASE_URL: database.url, PORT: '0' });
  expect(stdout).toMatch(/^ok {6}Postgres \(DATABASE_URL\): 18/m);
  expect(stdout).toMatch(/^ok {6}Python: 3/m);
  expect(stdout).toMatch(/^ok {6}Python policy: strict/m);
  expect(stdout).toMatch(/^ok {6}Python packages: \d+ environments, /m);
  expect(stdout).not.toContain('PROBLEM');
  expect(exitCode).toBe(0);
});

test('each problem is printed with its remedy, and the other checks run all the same', async () => {
  await using taken = createServer((socket) => socket.destroy());
  await once(taken.listen(0, '127.0.0.1'), 'listening');
  const { port } = taken.address() as { port: number };
  const { exitCode, stdout } = await runDoctor({
    DATABASE_URL: 'postgresql://weft@127.0.0.1:1/weft',
    PYTHON_PATH: '/nowhere/python3',
    PORT: String(port),
  });
  expect(stdout).toMatch(/^PROBLEM Postgres \(DATABASE_URL\): .*ECONNREFUSED.*\n +Remedy: .*DATABASE_URL/m);
  expect(stdout).toMatch(/^PROBLEM Sandbox \(PYTHON_NOT_FOUND\): .*\n +Remedy: .*apt-get install python3/m);
  expect(stdout).toMatch(/^PROBLEM Port \d+: .*EADDRINUSE.*\n +Remedy: .*PORT/m);
  expect(exitCode).toBe(1);
});

test('a data folder that cannot be made is a problem like any other', async () => {
  const { exitCode, stdout, stderr } = await runDoctor({ WEFT_DATA_DIR: '/dev/null/weft', PORT: '0' });
  expect(stdout).toMatch(/^PROBLEM Data folder: .*ENOTDIR.*Make it writable.*WEFT_DATA_DIR/m);
  expect(stdout).toMatch(/^PROBLEM Sandbox: .*\/dev\/null\/weft .*ENOTDIR.*WEFT_DATA_DIR/m);
  expect(stdout).toMatch(/^PROBLEM Python packages: .*ENOTDIR/m);
  expect(stderr).toBe('');
  expect(exitCode).toBe(1);
});

test('with sandbox services the doctor checks the services, and no sandbox on this host', async () => {
  await using database = await createDatabase();
  const { exitCode, stdout } = await runDoctor({
    DATABASE_URL: database.url,
    PORT: '0',
    PYTHON_SERVICE_URL: 'http://127.0.0.1:1',
  });
  expect(stdout).toMatch(
    /^PROBLEM Sandbox service http:\/\/127.0.0.1:1\S+: .*ECONNREFUSED.*\n +Remedy: .*TOKEN/m,
  );
  expect(stdout).not.toContain('Wall');
  expect(exitCode).toBe(1);
});

test('where files are kept is tried out, in a folder and in a store that takes the credentials or not', async () => {
  await using database = await createDatabase();
  await using folder = await makeTempFolder();
  await using s3 = await openS3Server();
  const run = (url: string, more: object = {}) =>
    runDoctor({
      ...{
        DATABASE_URL: database.url,
        PORT: '0',
        WEFT_ROLES: 'worker',
        PYTHON_SERVICE_URL: 'http://127.0.0.1:1',
      },
      ...{ WEFT_FILES_URL: url, ...more },
    });
  const keys = {
    WEFT_FILES_ACCESS_KEY_ID: s3Keys.accessKeyId,
    WEFT_FILES_SECRET_ACCESS_KEY: s3Keys.secretAccessKey,
  };
  const bucket = `s3://bucket/weft?endpoint=${s3.endpoint}`;
  const [inFolder, notThere, inStore, refused] = await Promise.all([
    run(pathToFileURL(folder.path).href),
    run('file:///dev/null/weft'),
    run(bucket, keys),
    run(bucket, { ...keys, WEFT_FILES_SECRET_ACCESS_KEY: 'another' }),
  ]);
  expect(inFolder.stdout).toMatch(/^ok {6}Files \(WEFT_FILES_URL\): written, read and deleted in file:/m);
  expect(notThere.stdout).toMatch(/^PROBLEM Files .*ENOTDIR.*\n +Remedy: Make the folder writable/m);
  expect(inStore.stdout).toMatch(/^ok {6}Files .* deleted in s3:\/\/bucket\/weft$/m);
  expect(refused.stdout).toMatch(
    /^PROBLEM Files .*403.*SignatureDoesNotMatch.*\n +Remedy: .*WEFT_FILES_ACCESS_KEY_ID/m,
  );
  expect(s3.objects.size).toBe(0);
});

test('an invalid setting is named', async () => {
  const { exitCode, stdout } = await runDoctor({ PORT: '70000' });
  expect(stdout).toMatch(/^PROBLEM Settings: [\s\S]*PORT=70000/m);
  expect(exitCode).toBe(1);
});

async function runDoctor(env: Record<string, string>) {
  await using folder = await makeTempFolder();
  const doctor = join(projectRoot, 'dist/server/cli/doctor.js');
  return await execa(process.execPath, [doctor], {
    env: { WEFT_DATA_DIR: folder.path, ...env },
    reject: false,
  });
}
