import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type BuildOptions, build } from 'esbuild';

export interface PageServer extends AsyncDisposable {
  /** `http://localhost:PORT` */
  origin: string;
}

/** Serves one empty page with `<div id="root">` and the entry point as its script, bundled for browsers. */
export async function servePage(entryPoint: string, options: BuildOptions = {}): Promise<PageServer> {
  const { outputFiles } = await build({
    entryPoints: [entryPoint],
    bundle: true,
    format: 'esm',
    write: false,
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"development"' },
    logLevel: 'error',
    ...options,
  });
  const script = outputFiles![0]!.contents;
  const server = createServer((request, response) => {
    if (request.url === '/page.js') {
      response.writeHead(200, { 'content-type': 'text/javascript; charset=utf-8' }).end(script);
    } else {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(html);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const html =
  '<!doctype html><title>Test</title><div id="root"></div><script type="module" src="/page.js"></script>';
