import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { projectRoot } from '../../server/shared/paths.ts';
import { blocksOf } from '../support/doc-blocks.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { startWeft, type WeftServer } from '../support/weft-server.ts';

/**
 * The `ts` blocks of a page are one program, in order. It must compile as strict as it gets, run against a real server,
 * and print what the `text` blocks of the page say. Pages are those that have both.
 */
const exec = promisify(execFile);
const pages = await findPages();
const stack = new AsyncDisposableStack();
let server: WeftServer;
let folder: string;

beforeAll(async () => {
  const { url: databaseUrl } = stack.use(await createDatabase());
  server = stack.use(
    await startWeft({
      databaseUrl,
      env: {
        WEFT_SECRETS_KEY: randomBytes(32).toString('base64'),
        WEFT_HTTP_ALLOWED_HOSTS: '127.0.0.1', // where the receiver of a page is
      },
    }),
  );
  folder = await mkdtemp(join(projectRoot, 'dist/docs-')); // inside the checkout: there `@weft/client` is found
  stack.defer(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  for (const { name, code } of pages) {
    await writeFile(
      join(folder, `${name}.ts`),
      code.replaceAll('http://127.0.0.1:4000', new URL(server.url).origin),
    );
  }
  const options = [
    '--ignoreConfig',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2022',
    '--types',
    'node',
  ];
  const tsc = join(projectRoot, 'node_modules/typescript/bin/tsc');
  const files = pages.map(({ name }) => `${name}.ts`);
  await exec(process.execPath, [tsc, ...options, '--noUnusedLocals', '--skipLibCheck', ...files], {
    cwd: folder,
  }).catch(failWithOutput);
});
afterAll(() => stack.disposeAsync());

test.each(pages)('the code of $name.md does what the page says', async ({ name, printed }) => {
  const program = exec(process.execPath, [join(folder, `${name}.js`)], { cwd: folder, timeout: 120_000 });
  expect((await program.catch(failWithOutput)).stdout).toBe(printed);
});

async function findPages() {
  const others = [
    '../../README.md',
    '../../client-sdk/README.md',
    '../patterns.md',
    '../joins.md',
    '../files.md',
    '../webhooks.md',
    '../changes.md',
    '../deliveries.md',
    '../labels.md',
  ];
  const ofNodes = await readdir(join(projectRoot, 'docs/nodes'));
  const files = [
    ...others,
    ...ofNodes.map((name) => `../nodes/${name}`),
    ...(await readdir(join(projectRoot, 'docs/sdk'))),
  ];
  const read = files.map(async (file) => {
    const blocks = await blocksOf(file, 'http://127.0.0.1:4000');
    const join = (wanted: string) =>
      blocks.map(({ language, code }) => (language === wanted ? code : '')).join('');
    return { name: nameOf(file), code: join('ts'), printed: join('text') };
  });
  return (await Promise.all(read)).filter(({ code, printed }) => code !== '' && printed !== '');
}

/** Of a page, as part of a file name: `../../client-sdk/README.md` is `client-sdk-README`. */
function nameOf(file: string): string {
  return file
    .replace(/^(\.\.\/)+/, '')
    .replace(/\.md$/, '')
    .replaceAll('/', '-');
}

/** The output of a program explains more than its exit code. */
function failWithOutput(error: Error & { stdout: string; stderr: string }): never {
  throw new Error(`${error.message}\n${error.stdout}\n${error.stderr}`);
}
