import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from '../../server/shared/paths.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { startWeft } from '../support/weft-server.ts';

const bundle = join(projectRoot, 'dist/bundle');
const filesLike = async (pattern: RegExp) => (await readdir(bundle)).filter((name) => pattern.test(name));

/** Such a character doubles what its file takes of the server's memory. An escape is as good. */
test('what a server loads at its start has no character that is not Latin-1', async () => {
  const names = await filesLike(/\.js$/);
  expect(names).toHaveLength(2);
  for (const name of names) {
    const text = await readFile(join(bundle, name), 'utf8');
    expect([name, text.match(/[\u0100-\u{10ffff}]/u)?.[0]]).toEqual([name, undefined]);
  }
});

test('the build and the first start keep the code that V8 made, and a later one takes it as it is', async () => {
  expect(await filesLike(/\.loading-code$/)).toHaveLength(1);
  await using database = await createDatabase();
  await using _first = await startWeft({ databaseUrl: database.url, env: { WEFT_ROLES: 'api' } });
  const kept = await filesLike(/\.start-code$/);
  expect(kept.length).toBeGreaterThan(0);
  const before = await Promise.all(kept.map((name) => stat(join(bundle, name))));
  await using _second = await startWeft({ databaseUrl: database.url, env: { WEFT_ROLES: 'api' } });
  const after = await Promise.all(kept.map((name) => stat(join(bundle, name))));
  expect(after.map(({ ino, mtimeMs }) => [ino, mtimeMs])).toEqual(
    before.map(({ ino, mtimeMs }) => [ino, mtimeMs]),
  );
});

test("a fault's stack has the places of the sources, and those of packages as they are", async () => {
  await using database = await createDatabase();
  const plant = `import net from 'node:net'; net.Server.prototype.listen = () => { throw new Error('a planted fault'); };`;
  const env = {
    WEFT_ROLES: 'api',
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(plant)}`,
  };
  const output = await startWeft({ databaseUrl: database.url, env }).then(
    () => 'it started',
    (error: Error) => error.message,
  );
  const own = join(projectRoot, 'server').replaceAll('/', '\\/');
  expect(output).toMatch(
    new RegExp(`a planted fault\\n(    at .*\\n)*    at .*${own}.*\\.ts:\\d+:\\d+\\)?\\n`),
  );
});
