import { cp, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from '../../server/shared/paths.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { startWeft } from '../support/weft-server.ts';

const bundle = join(projectRoot, 'dist/bundle');
const filesLike = async (pattern: RegExp, folder = bundle) =>
  (await readdir(folder)).filter((name) => pattern.test(name));

/** It is read without being decoded, and V8 keeps it at a byte a character. An escape is as good. */
test('what a server loads at its start has no character that is not ASCII', async () => {
  const names = await filesLike(/\.js$/);
  expect(names).toHaveLength(2);
  for (const name of names) {
    const text = await readFile(join(bundle, name), 'utf8');
    expect([name, text.match(/[\u0080-\u{10ffff}]/u)?.[0]]).toEqual([name, undefined]);
  }
});

test('the build and the first start keep the code that V8 made, and a later one takes it as it is', async () => {
  // Of its own: servers of other tests start at the same time. Beside the other, because the server finds its files so.
  await using stack = new AsyncDisposableStack();
  const own = await mkdtemp(`${bundle}-`);
  stack.defer(() => rm(own, { recursive: true }));
  await cp(bundle, own, { recursive: true, filter: (file) => !/\.start-code/.test(file) });
  const { url: databaseUrl } = stack.use(await createDatabase());
  /** To its end, because it keeps the code after it has said that it is ready. */
  const run = async () => {
    await using server = await startWeft({
      databaseUrl,
      env: { WEFT_ROLES: 'api' },
      program: join(own, 'main.js'),
    });
    await server.stop();
  };
  expect(await filesLike(/\.loading-code$/, own)).toHaveLength(1);
  await run();
  const [kept] = await filesLike(/\.start-code$/, own);
  const before = await stat(join(own, kept!));
  await run();
  const { ino, mtimeMs } = await stat(join(own, kept!));
  expect([ino, mtimeMs]).toEqual([before.ino, before.mtimeMs]);
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
