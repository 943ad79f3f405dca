import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { access, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from '@jest/globals';
import { createClient } from '../../client-sdk/src/index.ts';
import { runDoctor } from '../support/run-doctor.ts';
import { openS3Server, s3Keys } from '../support/s3-server.ts';
import { connect } from '../support/sql.ts';
import { makeTempFolder } from '../support/temp-folder.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { startWeft } from '../support/weft-server.ts';

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

test('the key of secrets is tried out on what the database has sealed', async () => {
  await using database = await createDatabase();
  await using sql = await connect(database.url);
  const [first, second] = [randomBytes(32), randomBytes(32)];
  const run = async (...keys: Buffer[]) => {
    const { exitCode, stdout } = await runDoctor({
      DATABASE_URL: database.url,
      PORT: '0',
      WEFT_ROLES: 'worker',
      PYTHON_SERVICE_URL: 'http://127.0.0.1:1',
      ...(keys.length > 0 && { WEFT_SECRETS_KEY: keys.map((key) => key.toString('base64')).join(',') }),
    });
    return { exitCode, key: stdout.split('\n').find((line) => line.includes('Secrets key')) };
  };
  expect((await run()).key).toBe('not on  Secrets key: no secret can be kept without WEFT_SECRETS_KEY_FILE');
  expect((await run(first)).key).toMatch(/^ok {6}.*opens all 0 secrets of the database$/); // with no table yet

  {
    const env = { WEFT_ROLES: 'api', WEFT_SECRETS_KEY: first.toString('base64') };
    await using weft = await startWeft({ databaseUrl: database.url, env });
    const { secrets, webhookEndpoints } = createClient({ url: weft.url });
    await secrets.set('API_KEY', 'a key of somebody');
    await webhookEndpoints.create({ url: 'https://example.org/hook', types: ['EXECUTION_SUCCEEDED'] });
  }
  expect((await run(second, first)).key).toMatch(
    /^ok {6}.*, of which the first one seals; opens all 2 secrets/,
  );
  const [without, wrong] = await Promise.all([run(), run(second)]);
  expect(without.key).toMatch(
    /^PROBLEM .*None of 2 secrets opens.*secrets\/default\/API_KEY.*Set WEFT_SECRETS_KEY_FILE/,
  );
  expect(wrong.key).toMatch(
    /^PROBLEM .*2 of 2 secrets do not open.*API_KEY.*Add the key to WEFT_SECRETS_KEY_FILE/,
  );
  await sql.query(`UPDATE secrets SET name = 'OTHER_KEY'`);
  const moved = await run(first);
  expect(moved.key).toMatch(/^PROBLEM .*1 of 2 secrets do not open.*OTHER_KEY does not open.*Set it again/);
  expect([without.exitCode, wrong.exitCode, moved.exitCode]).toEqual([1, 1, 1]);
});

test('the key file of a server with a database of its own is read, and never made', async () => {
  await using folder = await makeTempFolder();
  const file = join(folder.path, 'secrets.key');
  const run = async () =>
    (await runDoctor({ PORT: '0', WEFT_DATA_DIR: folder.path, PYTHON_SERVICE_URL: 'http://127.0.0.1:1' }))
      .stdout;
  expect(await run()).toMatch(/^ok {6}Secrets key: made at the first start, in .*secrets\.key$/m);
  await expect(access(file)).rejects.toThrow('ENOENT');
  await writeFile(file, 'no key');
  expect(await run()).toMatch(
    /^PROBLEM Secrets key: Expected .*secrets\.key to hold keys.*Put the key back/m,
  );
});

test('an invalid setting is named', async () => {
  const { exitCode, stdout } = await runDoctor({ PORT: '70000' });
  expect(stdout).toMatch(/^PROBLEM Settings: [\s\S]*PORT=70000/m);
  expect(exitCode).toBe(1);
});
