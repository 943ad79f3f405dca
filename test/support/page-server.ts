import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { build } from 'esbuild';

export interface PageServer extends AsyncDisposable {
  /** `http://localhost:PORT` */
  origin: string;
  /** Makes an entry point, bundled for browsers, the script of the page. */
  bundle(entryPoint: string): Promise<void>;
}

/** Serves one page, which has `<div id="root">` and a script. */
export async function openPageServer(): Promise<PageServer> {
  let script: Uint8Array = new Uint8Array();
  const server = createServer((request, response) => {
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
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const html =
  '<!doctype html><title>Test</title><div id="root"></div><script type="module" src="/page.js"></script>';
