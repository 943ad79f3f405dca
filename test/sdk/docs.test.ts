import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { projectRoot } from '../../server/shared/paths.ts';
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
  server = stack.use(await startWeft({ databaseUrl }));
  folder = await mkdtemp(join(projectRoot, 'dist/docs-')); // inside the checkout: there `@weft/client` is found
  stack.defer(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  for (const { name, code } of pages) {
    await writeFile(join(folder, `${name}.ts`), code.replaceAll('http://127.0.0.1:4000', server.url));
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
  await exec(process.execPath, [tsc, ...options, '--noUnusedLocals', ...files], { cwd: folder }).catch(
    tellStdout,
  );
}, 120_000);
afterAll(() => stack.disposeAsync());

test.each(pages)('the code of $file does what the page says', async ({ name, printed }) => {
  const program = exec(process.execPath, [join(folder, `${name}.js`)], { timeout: 30_000 });
  expect((await program.catch(tellStdout)).stdout).toBe(printed);
});

async function findPages() {
  const docs = join(projectRoot, 'docs/sdk');
  const files = [
    join(projectRoot, 'client-sdk/README.md'),
    ...(await readdir(docs)).map((name) => join(docs, name)),
  ];
  const read = files.map(async (file) => {
    const text = await readFile(file, 'utf8');
    const name = basename(file, '.md');
    return {
      file: file.slice(projectRoot.length + 1),
      name,
      code: blocks(text, 'ts'),
      printed: blocks(text, 'text'),
    };
  });
  return (await Promise.all(read)).filter(({ code, printed }) => code !== '' && printed !== '');
}

function blocks(text: string, language: string): string {
  const pattern = new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms');
  return [...text.matchAll(pattern)].map(([, code]) => code).join('');
}

/** What a program said tells more than that it failed. */
function tellStdout(error: Error & { stdout: string; stderr: string }): never {
  throw new Error(`${error.message}\n${error.stdout}\n${error.stderr}`);
}
