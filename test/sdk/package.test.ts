import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { build, stop } from 'esbuild';
import { projectRoot } from '../../server/shared/paths.ts';
import { findChromium, openBrowser } from '../support/browser.ts';
import { findNode } from '../support/other-node.ts';
import { makeTempFolder } from '../support/temp-folder.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { startWeft, type WeftServer } from '../support/weft-server.ts';
import { expected } from './package/consumer.ts';

const exec = promisify(execFile);
const stack = new AsyncDisposableStack();
const page = createServer();
let server: WeftServer;
let project: string;

/** Six programs of npm and two of tsc take a minute or two on a busy host. */
const SET_UP_MS = 480_000;

/** An empty project with the package as npm would publish it, and what that depends on; no registry is needed. */
beforeAll(async () => {
  page.listen(0, '127.0.0.1');
  await once(page, 'listening');
  stack.defer(() => void page.close());
  const { url: databaseUrl } = stack.use(await createDatabase());
  server = stack.use(await startWeft({ databaseUrl, env: { WEFT_ALLOWED_ORIGINS: pageUrl() } }));
  project = await mkdtemp(join(tmpdir(), 'weft-package-'));
  stack.defer(() => rm(project, { recursive: true }));
  await writeFile(join(project, 'package.json'), '{ "name": "empty", "private": true, "type": "module" }');
  const client = await pack(await copyOfClient());
  const others = ['graphql-ws', 'graphql', 'diff', 'yaml'].map((name) =>
    pack(join(projectRoot, 'node_modules', name), '--ignore-scripts'),
  );
  await npm(project, 'install', '--offline', '--no-audit', client, ...(await Promise.all(others)));
  await cp(join(projectRoot, 'test/sdk/package/consumer.ts'), join(project, 'consumer.ts'));
}, SET_UP_MS);
afterAll(async () => {
  await stop();
  await stack.disposeAsync();
});

test('type-checks under the strictest compiler, as modern and as bundled code', async () => {
  for (const module of [['nodenext'], ['esnext', '--moduleResolution', 'bundler']]) {
    const options = [
      '--strict',
      '--target',
      'es2022',
      '--lib',
      'es2022,dom',
      '--types',
      '',
      '--outDir',
      'built',
    ];
    const tsc = join(projectRoot, 'node_modules/typescript/bin/tsc');
    await exec(process.execPath, [tsc, ...options, '--module', ...module, 'consumer.ts'], { cwd: project });
  }
});

const nodes = [
  { which: 'Node 24', node: process.execPath },
  { which: 'Node 20, which has no WebSocket', node: findNode(20) },
];
for (const { which, node } of nodes) {
  (node === undefined ? test.skip : test)(`runs in ${which}`, async () => {
    const program =
      "import { useWeft } from './built/consumer.js'; console.log(JSON.stringify(await useWeft(process.argv[1])));";
    const { stdout } = await exec(node!, ['--input-type=module', '-e', program, server.url], {
      cwd: project,
    });
    expect(JSON.parse(stdout)).toEqual(expected);
  });

  (node === undefined ? test.skip : test)(`has a command that runs in ${which}`, async () => {
    const command = ['node_modules/.bin/weft-client', 'generate', '--url', server.url, '--out', 'weft.ts'];
    const query =
      'mutation { workflowCreate(input: { name: "packed", nodes: [{ key: "a", type: "input" }] }) { workflow { id } } }';
    const headers = { 'content-type': 'application/json' };
    await fetch(server.url, { method: 'POST', headers, body: JSON.stringify({ query }) });
    await exec(node!, command, { cwd: project });
    expect(await readFile(join(project, 'weft.ts'), 'utf8')).toMatch(/packed: TypedWorkflow</);
  });
}

for (const [runtime, ...options] of [['bun'], ['deno', 'run', '--allow-all']] as const) {
  const isThere = spawnSync(runtime, ['--version']).status === 0;
  (isThere ? test : test.skip)(`runs in ${runtime}`, async () => {
    const program = join(project, 'program.js');
    await writeFile(
      program,
      `import { useWeft } from './built/consumer.js'; console.log(JSON.stringify(await useWeft('${server.url}')));`,
    );
    const { stdout } = await exec(runtime, [...options, program], { cwd: project });
    expect(JSON.parse(stdout)).toEqual(expected);
  });
}

const chromium = findChromium();
(chromium === undefined ? test.skip : test)('runs in a page', async () => {
  const bundle = await bundleForPage();
  page.on('request', (request, response) => {
    if (request.url === '/')
      response.setHeader('content-type', 'text/html').end('<script type="module" src="/app.js"></script>');
    else response.setHeader('content-type', 'text/javascript').end(bundle);
  });
  await using browser = await openBrowser(chromium!);
  const opened = await browser.open(pageUrl());
  await opened.waitFor('window.outcome');
  expect(await opened.evaluate('window.outcome')).toEqual(expected);
  expect(opened.requested.some((url) => url.startsWith('ws:'))).toBe(true);
});

test('what is not used is not bundled', async () => {
  const { outputFiles } = await build({
    ...bundling,
    stdin: {
      contents: 'import { WeftError } from "@weft/client"; console.log(WeftError);',
      resolveDir: project,
    },
  });
  expect(outputFiles[0]!.text).not.toMatch(/WebSocket|fetch|mutation/);
});

test('the package holds what was built, its sources for debuggers, and nothing else', async () => {
  const manifest = JSON.parse(
    await readFile(join(project, 'node_modules/@weft/client/package.json'), 'utf8'),
  );
  // `diff` and `yaml` are the command's: no page has them.
  expect(Object.keys(manifest.dependencies).sort()).toEqual(['diff', 'graphql-ws', 'yaml']);
  const { stdout } = await exec('find', ['.', '-type', 'f'], {
    cwd: join(project, 'node_modules/@weft/client'),
  });
  const strangers = stdout
    .split('\n')
    .filter((file) => !/^$|^\.\/((bin|dist|src)\/|package.json|README.md|LICENSE)/.test(file));
  expect(strangers).toEqual([]);
  const readme = await readFile(join(project, 'node_modules/@weft/client/README.md'), 'utf8');
  expect(readme).not.toMatch(/\]\((?!https:)/); // a relative link leads nowhere from a registry's page
});

const bundling = { bundle: true, write: false, format: 'esm', minify: true, logLevel: 'silent' } as const;

async function bundleForPage(): Promise<Uint8Array> {
  const contents = `import { useWeft } from './consumer.ts'; window.outcome = await useWeft(${JSON.stringify(server.url)});`;
  const { outputFiles } = await build({
    ...bundling,
    target: 'es2022',
    stdin: { contents, resolveDir: project },
  });
  return outputFiles[0]!.contents;
}

/** Packing compiles the client, and other tests run what the checkout itself has compiled. */
async function copyOfClient(): Promise<string> {
  const { path } = stack.use(await makeTempFolder());
  const original = join(projectRoot, 'client-sdk');
  const copy = join(path, 'client-sdk');
  await cp(original, copy, {
    recursive: true,
    filter: (file) => !['dist', 'node_modules'].some((name) => file === join(original, name)),
  });
  await symlink(join(projectRoot, 'node_modules'), join(path, 'node_modules'));
  return copy;
}

async function pack(folder: string, ...options: string[]): Promise<string> {
  const [{ filename }] = JSON.parse(
    await npm(folder, 'pack', '--json', '--silent', '--pack-destination', project, ...options),
  );
  return join(project, filename);
}

async function npm(cwd: string, ...args: string[]): Promise<string> {
  const PATH = `${dirname(process.execPath)}:${join(projectRoot, 'node_modules/.bin')}:${process.env.PATH}`;
  return (await exec('npm', args, { cwd, env: { ...process.env, PATH } })).stdout;
}

function pageUrl(): string {
  return `http://127.0.0.1:${(page.address() as AddressInfo).port}`;
}
