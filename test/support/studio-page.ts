import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { execa } from 'execa';
import { projectRoot } from '../../server/shared/paths.ts';
import { makeTempFolder } from './temp-folder.ts';

/** A page of another origin that shows parts of @weft/studio, as one who embeds them would serve it. */
export interface StudioPage extends AsyncDisposable {
  /** `http://127.0.0.1:PORT/` */
  url: string;
}

/** Builds the page in a folder of test/ by Vite and serves it under the content security policy of the console. */
export async function openStudioPage(folder: string): Promise<StudioPage> {
  await using opened = new AsyncDisposableStack();
  const { path: outDir } = opened.use(await makeTempFolder());
  const vite = join(projectRoot, 'node_modules/vite/bin/vite.js');
  await execa(
    process.execPath,
    [vite, 'build', folder, '--outDir', outDir, '--emptyOutDir', '--logLevel', 'error'],
    {
      cwd: projectRoot,
      stderr: 'inherit',
    },
  );
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://page');
    const file = join(outDir, pathname === '/' ? 'index.html' : pathname);
    if (!existsSync(file)) return void response.writeHead(404).end();
    const type = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' }[extname(file)];
    const nonce = randomBytes(16).toString('base64url');
    response.writeHead(200, {
      'content-type': `${type ?? 'application/octet-stream'}; charset=utf-8`,
      'content-security-policy': `default-src 'self'; style-src 'self' 'nonce-${nonce}'; img-src 'self' data:; connect-src http://127.0.0.1:* ws://127.0.0.1:*`,
    });
    response.end(
      type === 'text/html' ? readFileSync(file, 'utf8').replace('%CSP_NONCE%', nonce) : readFileSync(file),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  opened.defer(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const owned = opened.move();
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
