import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { makeWheel, type TestWheel } from './test-wheel.ts';

/** A package index of the tests' own wheels, on this machine: what pip and uv call an index URL (PEP 503). */
export interface TestIndex extends AsyncDisposable {
  /** For PYTHON_INDEX_URL. */
  url: string;
  /** The requested paths, in order. */
  requests: string[];
  add(...wheels: TestWheel[]): void;
  /** A file as it is, such as a source distribution. */
  addFile(project: string, name: string, bytes: Buffer, options?: { sha256?: string }): void;
  /** From now on: it answers, or never answers, or answers 503. */
  behave(how: 'well' | 'hang' | 'fail'): void;
}

export async function openTestIndex(...wheels: TestWheel[]): Promise<TestIndex> {
  const projects = new Map<string, Map<string, { bytes: Buffer; sha256: string }>>();
  let behaviour: 'well' | 'hang' | 'fail' = 'well';
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '/');
    requests.push(path);
    if (behaviour === 'hang') return;
    if (behaviour === 'fail') return void response.writeHead(503).end('Out of order');
    const [, kind, project, file] = path.split('/');
    const files = projects.get(project ?? '');
    if (kind === 'simple' && files) return sendHtml(response, project!, files);
    const found = kind === 'files' ? files?.get(file ?? '') : undefined;
    response.writeHead(found ? 200 : 404, { 'content-type': 'application/octet-stream' }).end(found?.bytes);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');

  const index: TestIndex = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/simple/`,
    requests,
    add(...more) {
      for (const wheel of more) {
        const { name, bytes } = makeWheel(wheel);
        index.addFile(wheel.name, name, bytes, wheel.wrongHash ? { sha256: '0'.repeat(64) } : {});
      }
    },
    addFile(project, name, bytes, { sha256 = sha256Of(bytes) } = {}) {
      projects.set(project, (projects.get(project) ?? new Map()).set(name, { bytes, sha256 }));
    },
    behave(how) {
      behaviour = how;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  index.add(...wheels);
  return index;
}

function sendHtml(response: ServerResponse, project: string, files: Map<string, { sha256: string }>): void {
  const links = [...files].map(
    ([name, { sha256 }]) => `<a href="/files/${project}/${name}#sha256=${sha256}">${name}</a>`,
  );
  response
    .writeHead(200, { 'content-type': 'text/html' })
    .end(`<!DOCTYPE html><html><body>${links.join('\n')}</body></html>`);
}

function sha256Of(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
