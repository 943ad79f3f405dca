import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, readdir, symlink } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { projectRoot } from '../../server/shared/paths.ts';
import { hasChromium, launchStudioBrowser, type StudioBrowser } from '../support/studio-browser.ts';
import { makeTempFolder } from '../support/temp-folder.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { startWeft } from '../support/weft-server.ts';

/** Skipped, and counted as skipped, where there is no Chromium. */
const inBrowser = hasChromium ? describe : describe.skip;

inBrowser('an app that embeds @weft/studio from its package', () => {
  const opened = new AsyncDisposableStack();
  let app: { url: string };
  let browser: StudioBrowser;
  beforeAll(async () => {
    const folder = opened.use(await makeTempFolder()).path;
    await installPackages(folder);
    await cp(join(projectRoot, 'examples/embed-studio'), folder, { recursive: true });
    await build({
      absWorkingDir: folder,
      entryPoints: ['main.jsx'],
      bundle: true,
      format: 'esm',
      splitting: true,
      jsx: 'automatic',
      outdir: 'dist',
      preserveSymlinks: true, // one React, and the packages as they were packed
      define: { 'process.env.NODE_ENV': '"production"' },
      logLevel: 'error',
    });
    const origin = opened.use(await serveFolder(folder)).origin;
    const { url: databaseUrl } = opened.use(await createDatabase());
    const server = opened.use(await startWeft({ databaseUrl, env: { WEFT_ALLOWED_ORIGINS: origin } }));
    app = { url: `${origin}/?weft=${encodeURIComponent(server.url)}` };
    browser = opened.use(await launchStudioBrowser());
  });
  afterAll(async () => await opened.disposeAsync());

  const open = () => browser.open(app, { path: app.url });

  test('shows the editor and a run of its workflow, live, over one WebSocket', async () => {
    await using studio = await open();
    const { page } = studio;
    await page.getByRole('region', { name: 'Recipe' }).getByText('Dough').first().waitFor();
    await page.getByRole('button', { name: 'Bake' }).click();
    const baking = page.getByRole('region', { name: 'Baking' });
    await baking.getByText('Succeeded').first().waitFor();
    expect(studio.sockets).toHaveLength(1);
    await studio.screenshot('embed-light');
    expect(await studio.accessibilityFaults()).toEqual([]);
  });

  test('keeps its own look, gives its colours to the parts, and neither styles the other', async () => {
    await using studio = await open();
    const { page } = studio;
    await page.getByRole('region', { name: 'Recipe' }).getByText('Dough').first().waitFor();
    const styleOf = (selector: string) =>
      page.evaluate<Record<string, string>>(
        `(({ textTransform, letterSpacing, fontFamily, borderTopLeftRadius }) =>
          ({ textTransform, letterSpacing, fontFamily, borderTopLeftRadius }))
          (getComputedStyle(document.querySelector(${JSON.stringify(selector)})))`,
      );
    expect(await styleOf('.bake')).toMatchObject({ textTransform: 'uppercase', borderTopLeftRadius: '0px' });
    expect(await styleOf('.weft .weft-button')).toMatchObject({
      textTransform: 'none',
      letterSpacing: 'normal',
      fontFamily: expect.stringContaining('Georgia'),
    });
    expect(await page.locator('.weft [hidden]').count()).toBeGreaterThan(0);
    expect(await page.locator('.weft [hidden]:visible').count()).toBe(0);
    // With the package's styles taken away, nothing outside of its parts has another style; only sizes follow from theirs.
    const styled = await page.evaluate<object[]>(outside);
    await page.evaluate(`document.querySelector('link[href="dist/main.css"]').disabled = true`);
    expect(await page.evaluate<object[]>(outside)).toEqual(styled);
  });
});

/** The styles of the host page's elements, without those that the browser computes from their contents' size. */
const outside = `[...document.querySelectorAll('html, body, main, h1, .bake')].filter((element) => !element.closest('.weft')).map((element) => {
  const style = getComputedStyle(element);
  const isSize = (name) => /size|width|height|origin|inset|block|inline|top|bottom|left|right|grid-template/.test(name);
  return Object.fromEntries([...style].filter((name) => !isSize(name)).map((name) => [name, style[name]]));
})`;

/** `npm pack`, and what a user's `npm install` makes of it; the packages they depend on are this checkout's. */
async function installPackages(folder: string): Promise<void> {
  const modules = join(projectRoot, 'node_modules');
  await mkdir(join(folder, 'node_modules/@weft'), { recursive: true });
  for (const name of await readdir(modules))
    if (name !== '@weft' && !name.startsWith('.'))
      await symlink(join(modules, name), join(folder, 'node_modules', name));
  for (const [workspace, name] of [
    ['client-sdk', 'client'],
    ['studio', 'studio'],
  ] as const) {
    const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
    const packed = execFileSync('npm', args, { cwd: join(projectRoot, workspace), encoding: 'utf8' });
    const [{ filename }] = JSON.parse(packed) as [{ filename: string }];
    const target = join(folder, 'node_modules/@weft', name);
    await mkdir(target);
    execFileSync('tar', ['-xzf', join(folder, filename), '-C', target, '--strip-components=1']);
  }
}

async function serveFolder(folder: string): Promise<AsyncDisposable & { origin: string }> {
  const types: Record<string, string> = {
    '.html': 'text/html',
    '.js': 'text/javascript',
    '.css': 'text/css',
  };
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const file = join(folder, pathname === '/' ? '/index.html' : pathname);
    const isThere = existsSync(file);
    const type = types[extname(file)] ?? 'application/octet-stream';
    response.writeHead(isThere ? 200 : 404, { 'content-type': `${type}; charset=utf-8` });
    response.end(isThere ? readFileSync(file) : undefined);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
