import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { build } from 'esbuild';

export interface PageServer extends AsyncDisposable {
  /** `http://localhost:PORT` */
  origin: string;
  /** Makes an entry point, bundled for browsers, the script of the page. */
  bundle(entryPoint: string): Promise<void>;
  /** From now on the page's own `/graphql` is the one at `url`, as with the proxy of a development server. */
  proxy(url: string): void;
}

/** Serves one page, which has `<div id="root">` and a script. */
export async function openPageServer(): Promise<PageServer> {
  let script: Uint8Array = new Uint8Array();
  let proxied: string | undefined;
  const server = createServer((request, response) => {
    if (proxied !== undefined && request.url === '/graphql') {
      void forward(request, response, proxied).catch((error) => response.destroy(error));
      return;
    }
    const [type, body] = request.url === '/page.js' ? ['text/javascript', script] : ['text/html', html];
    response.writeHead(200, { 'content-type': `${type}; charset=utf-8` }).end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    async bundle(entryPoint) {
      const { outputFiles } = await build({
        entryPoints: [entryPoint],
        bundle: true,
        format: 'esm',
        write: false,
        jsx: 'automatic',
        define: { 'process.env.NODE_ENV': '"development"' },
        logLevel: 'error',
      });
      script = outputFiles[0]!.contents;
    },
    proxy(url) {
      proxied = url;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function forward(request: IncomingMessage, response: ServerResponse, url: string): Promise<void> {
  const { 'content-type': type = '', origin = '' } = request.headers;
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': type, origin },
    body: await text(request),
  });
  response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
}

const html =
  '<!doctype html><title>Test</title><div id="root"></div><script type="module" src="/page.js"></script>';
