import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pathToFileURL } from 'node:url';
import { eventually } from '../support/eventually.ts';
import { connect } from '../support/sql.ts';
import { makeTempFolder } from '../support/temp-folder.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft, type WeftServer } from '../support/weft-server.ts';

const stack = new AsyncDisposableStack();
const TOKEN = 'a token of the file tests';
const MIB = 1024 * 1024;
let weft: WeftClient;
let server: WeftServer;
let database: Awaited<ReturnType<typeof connect>>;
let folder: string;
let env: Record<string, string>;
let databaseUrl: string;

beforeAll(async () => {
  databaseUrl = stack.use(await createDatabase()).url;
  folder = stack.use(await makeTempFolder()).path;
  env = {
    WEFT_API_TOKEN: TOKEN,
    WEFT_FILES_URL: pathToFileURL(folder).href,
    WEFT_MAX_FILE_MB: '20',
    WEFT_HTTP_ALLOWED_HOSTS: '127.0.0.1',
  };
  server = stack.use(await startWeft({ databaseUrl, env }));
  weft = stack.use(new WeftClient(server.url, TOKEN));
  database = stack.use(await connect(databaseUrl));
});
afterAll(() => stack.disposeAsync());

interface File {
  id: string;
  name: string;
  mimeType: string;
  sizeBytes: number;
  url: string;
}

const address = (path: string) => new URL(path, server.url);
const authorization = `Bearer ${TOKEN}`;

async function send(name: string | null, body: RequestInit['body'], headers: Record<string, string> = {}) {
  const url = address(name === null ? '/files' : `/files?name=${encodeURIComponent(name)}`);
  const init = {
    method: 'POST',
    body,
    headers: { authorization, ...headers },
    duplex: 'half',
  } as RequestInit;
  return fetch(url, init);
}

async function upload(name: string, body: RequestInit['body']): Promise<File> {
  const response = await send(name, body);
  expect(response.status).toBe(201);
  return (await response.json()) as File;
}

async function download(url: string): Promise<Buffer> {
  const response = await fetch(address(url), { headers: { authorization } });
  expect(response.status).toBe(200);
  return Buffer.from(await response.arrayBuffer());
}

async function outcomeOf(id: string) {
  const last = (await weft.allEvents(id)).at(-1) as unknown as {
    __typename: string;
    output?: unknown;
    error?: { code: string; message: string };
  };
  return last.error ?? last.output;
}

const keptOutside = async () =>
  (await readdir(folder, { recursive: true })).filter((path) => path.includes('art_'));
const bytes = (count: number) => Buffer.alloc(count, Buffer.from(Array.from({ length: 251 }, (_, at) => at)));

test('a file is uploaded, read by Python, passed on to another node as a file, and downloaded', async () => {
  const report = await upload('Zahlen 1.xlsx', 'city;sales\nLyon;120\nMâcon;80\n');
  expect(report).toEqual({
    id: expect.stringMatching(/^art_/),
    name: 'Zahlen 1.xlsx',
    mimeType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    sizeBytes: 30,
    url: `/artifacts/${report.id}`,
  });
  const total = `import csv
with open_artifact(input_data["report"], "r") as file:
    rows = list(csv.DictReader(file, delimiter=";"))
file = save_artifact("total.json", str(sum(int(row["sales"]) for row in rows)))
result = {"total": file, "path": artifact_path(input_data["report"]), "raw": open_artifact(input_data["report"]).read(4).decode()}`;
  const check = `import json
with open(artifact_path(input_data["total"])) as file:
    result = {**input_data, "read": json.load(file), "again": open_artifact(input_data["total"]["$file"]).read().decode()}`;
  const id = await weft.run(
    [
      { key: 'in', type: 'input' },
      { key: 'total', type: 'python', config: { code: total } },
      { key: 'check', type: 'python', config: { code: check } },
      { key: 'out', type: 'output' },
    ],
    [
      { source: 'in', target: 'total' },
      { source: 'total', target: 'check' },
      { source: 'check', target: 'out' },
    ],
    { report: { $file: report.id } },
  );
  const output = (await outcomeOf(id)) as { total: File & { $file: string } };
  expect(output).toMatchObject({
    total: {
      $file: expect.stringMatching(/^art_/),
      name: 'total.json',
      mimeType: 'application/json',
      sizeBytes: 3,
    },
    path: expect.stringMatching(/\/Zahlen 1\.xlsx$/),
    raw: 'city',
    read: 200,
    again: '200',
  });
  expect((await download(output.total.url)).toString()).toBe('200');
});

test('a large file is kept outside of the database, and reaches a run and a download as it was', async () => {
  const content = bytes(5 * MIB + 7);
  const chunked = new ReadableStream({
    start(controller) {
      for (let at = 0; at < content.length; at += 100_000)
        controller.enqueue(content.subarray(at, at + 100_000));
      controller.close();
    },
  });
  const file = await upload('large.bin', chunked);
  expect(file).toMatchObject({ sizeBytes: content.length, mimeType: 'application/octet-stream' });
  expect(await keptOutside()).toEqual([expect.stringMatching(new RegExp(`${file.id}$`))]);
  expect((await download(file.url)).equals(content)).toBe(true);
  const code = `import hashlib
first = open_artifact(input_data["file"])
result = [hashlib.sha256(first.read()).hexdigest(), first.name == artifact_path(input_data["file"])]`;
  const id = await weft.runPython(code, { input: { file: { $file: file.id } } });
  expect(await outcomeOf(id)).toEqual([
    await crypto.subtle.digest('SHA-256', content).then((hash) => Buffer.from(hash).toString('hex')),
    true,
  ]);
});

test('an upload that cannot be kept is refused with what was expected, and leaves nothing', async () => {
  const { rows: before } = await database.query('SELECT count(*) FROM artifacts');
  const refusalOf = async (response: Response) => {
    const { errors } = (await response.json()) as {
      errors: { message: string; extensions: { code: string } }[];
    };
    return [response.status, errors[0]!.extensions.code, errors[0]!.message];
  };
  const name = (got: string) =>
    expect.stringMatching(new RegExp(`Expected the name of (a|the) file.*${got}`));
  expect(await refusalOf(await send('../etc/passwd', 'x'))).toEqual([
    400,
    'INVALID_FILE_NAME',
    name('passwd'),
  ]);
  expect(await refusalOf(await send('..', 'x'))).toEqual([400, 'INVALID_FILE_NAME', name('"\\.\\."')]);
  expect(await refusalOf(await send(null, 'x'))).toEqual([400, 'INVALID_FILE_NAME', name('got none')]);
  const tooLarge = [413, 'FILE_TOO_LARGE', expect.stringContaining('at most 20 MiB (WEFT_MAX_FILE_MB)')];
  expect(await refusalOf(await send('a', Buffer.alloc(21 * MIB)))).toEqual(tooLarge);
  const unending = new ReadableStream({ pull: (controller) => controller.enqueue(Buffer.alloc(MIB)) });
  expect(await refusalOf(await send('a', unending))).toEqual(tooLarge);
  expect(await refusalOf(await send('a', new FormData()))).toEqual([
    415,
    'UNSUPPORTED_MEDIA_TYPE',
    expect.stringContaining('multipart form'),
  ]);
  expect((await send('a', 'x', { 'content-encoding': 'gzip' })).status).toBe(415);
  expect((await send('a', 'x', { authorization: 'Bearer another' })).status).toBe(401);
  expect((await send('a', 'x', { origin: 'https://elsewhere.example' })).status).toBe(403);
  expect((await fetch(address('/files?name=a'), { headers: { authorization } })).status).toBe(405);
  // Half of it, and then the connection breaks.
  const broken = httpRequest(address('/files?name=half.bin'), {
    method: 'POST',
    headers: { authorization, 'content-length': 10 * MIB },
  });
  broken.on('error', () => {});
  await new Promise((resolve) => broken.write(Buffer.alloc(4 * MIB), resolve));
  await eventually('the upload has begun', async () =>
    (await keptOutside()).some((path) => path.endsWith('.part')),
  );
  broken.destroy();
  await eventually('nothing is left of it', async () => {
    const { rows } = await database.query('SELECT FROM artifact_leftovers');
    return rows.length === 0 && (await keptOutside()).length === 1;
  });
  expect((await database.query('SELECT count(*) FROM artifacts')).rows).toEqual(before);
});

test('an input refers to files that are there', async () => {
  const { id: gone } = await upload('a.txt', 'a');
  await database.query('DELETE FROM artifacts WHERE id = $1', [gone]);
  await expect(weft.runPython('1', { input: { a: [{ $file: gone }] } })).rejects.toThrow(
    /FILE_NOT_FOUND.*input\.a\.0.*There is no file art_.*Upload it again/,
  );
  await expect(weft.runPython('1', { input: { $file: 5 } })).rejects.toThrow(
    /FILE_NOT_FOUND.*Expected `\$file` to be the id of a file.*got 5/,
  );
});

test('code opens only the files of its own execution, and is told why it gets no other', async () => {
  const { id: other } = await upload('secret.txt', 'secret');
  const messageOf = async (code: string, input: object = {}) =>
    ((await outcomeOf(await weft.runPython(code, { input }))) as { message: string }).message;
  expect(await messageOf(`open_artifact("${other}")`)).toMatch(
    /Expected a file that this execution got in its input or saved itself, got art_/,
  );
  expect(await messageOf('open_artifact({"$file": "../../etc/passwd"})')).toMatch(
    /Expected a file.*got the string/,
  );
  expect(await messageOf('artifact_path({"file": 1})')).toMatch(
    /Expected a file.*a dict with the keys \['file'\]/,
  );
  expect(await messageOf('open_artifact(7)')).toMatch(/Expected a file.*got int/);
  expect(await messageOf('open_artifact(input_data, "wb")', { $file: other })).toMatch(/mode 'rb' or 'r'/);
  // What is saved is there for the code that goes on, also after a failure that it caught.
  const code = `try:
    open_artifact("${other}")
except Exception as error:
    caught = type(error).__name__
result = [caught, open_artifact(save_artifact("a.txt", "own")).read().decode()]`;
  expect(await outcomeOf(await weft.runPython(code))).toEqual(['ArtifactError', 'own']);
});

test('an http node sends a file, and receives one whatever its size', async () => {
  const received: { headers: IncomingMessage['headers']; body: Buffer }[] = [];
  const content = bytes(17 * MIB);
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    if (request.url === '/lies') {
      response.writeHead(200, { 'content-type': 'application/pdf', 'content-length': 3 * MIB });
      response.write(Buffer.alloc(2 * MIB), () => response.destroy());
      return;
    }
    const chunks = await Array.fromAsync(request as AsyncIterable<Buffer>);
    received.push({ headers: request.headers, body: Buffer.concat(chunks) });
    response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(content);
  };
  const target = createServer((request, response) => void answer(request, response).catch(() => {}));
  target.listen(0, '127.0.0.1');
  await once(target, 'listening');
  using _ = { [Symbol.dispose]: () => target.close() };
  const api = `http://127.0.0.1:${(target.address() as AddressInfo).port}`;
  const sent = bytes(2 * MIB + 1);
  const file = await upload('photo.png', sent);
  const call = async (config: object) =>
    outcomeOf(
      await weft.run(
        [
          { key: 'in', type: 'input' },
          { key: 'call', type: 'http', config: { method: 'PUT', bodyFormat: 'file', ...config } },
          { key: 'out', type: 'output' },
        ],
        [
          { source: 'in', target: 'call' },
          { source: 'call', target: 'out' },
        ],
        { photo: { $file: file.id }, text: 'no file' },
      ),
    );
  const { body } = (await call({ url: `${api}/all.xlsx`, body: '{{ input.photo }}' })) as { body: File };
  expect(received[0]!.headers).toMatchObject({
    'content-type': 'image/png',
    'content-length': `${sent.length}`,
  });
  expect(received[0]!.body.equals(sent)).toBe(true);
  expect(body).toMatchObject({
    name: 'all.xlsx',
    sizeBytes: content.length,
    mimeType: expect.stringContaining('sheet'),
  });
  expect((await download(body.url)).equals(content)).toBe(true);
  const outside = (await keptOutside()).length;
  expect(await call({ url: `${api}/lies`, body: '{{ input.photo }}' })).toMatchObject({
    code: 'HTTP_NETWORK',
  });
  expect(await keptOutside()).toHaveLength(outside);
  expect(await call({ url: api, body: '{{ input.text }}' })).toMatchObject({
    code: 'FILE_NOT_FOUND',
    message: expect.stringContaining('got the string "no file"'),
  });
});

test('a retry reads the files of what it reuses', async () => {
  const file = await upload('a.txt', 'uploaded');
  const flaky = `text = open_artifact(input_data["saved"]).read() + open_artifact(input_data["uploaded"]).read()
result = text.decode() if input_data["retried"] else 1 / 0`;
  const nodes = [
    { key: 'in', type: 'input' },
    {
      key: 'save',
      type: 'python',
      config: { code: 'result = {**input_data, "saved": save_artifact("b", "saved ")}' },
    },
    { key: 'read', type: 'python', config: { code: `${flaky.replace('input_data["retried"]', 'False')}` } },
    { key: 'out', type: 'output' },
  ];
  const edges = [
    { source: 'in', target: 'save' },
    { source: 'save', target: 'read' },
    { source: 'read', target: 'out' },
  ];
  const id = await weft.createWorkflow({ nodes, edges });
  const first = await weft.start(id, { uploaded: { $file: file.id } });
  expect(await outcomeOf(first)).toMatchObject({ code: 'PYTHON_EXECUTION_ERROR' });
  nodes[2]!.config = { code: flaky.replace('input_data["retried"]', 'True') };
  await weft.query(
    'mutation ($id: ID!, $input: WorkflowInput!) { workflowUpdate(id: $id, input: $input) { userErrors { message } } }',
    { id, input: { name: 'test', nodes, edges } },
  );
  const { executionRetry } = await weft.query<{ executionRetry: { execution: { id: string } } }>(
    'mutation ($id: ID!) { executionRetry(id: $id, strategy: FROM_FAILURE, version: LATEST) { execution { id } } }',
    { id: first },
  );
  expect(await outcomeOf(executionRetry.execution.id)).toBe('saved uploaded');
});

test('a sub-workflow gets files of its parent, and no others, and hands on its own', async () => {
  const [given, other] = [await upload('given.txt', 'given'), await upload('other.txt', 'other')];
  const make =
    'text = open_artifact(input_data["file"]).read()\nresult = save_artifact("made.txt", b"made of " + text)';
  const child = await weft.createWorkflow({
    nodes: [
      { key: 'in', type: 'input' },
      { key: 'make', type: 'python', config: { code: make } },
      { key: 'out', type: 'output' },
    ],
    edges: [
      { source: 'in', target: 'make' },
      { source: 'make', target: 'out' },
    ],
  });
  const run = async (file: string) =>
    outcomeOf(
      await weft.run(
        [
          { key: 'in', type: 'input' },
          { key: 'sub', type: 'subworkflow', config: { workflow: child, input: { file: { $file: file } } } },
          { key: 'read', type: 'python', config: { code: 'open_artifact(input_data).read().decode()' } },
          { key: 'out', type: 'output' },
        ],
        [
          { source: 'in', target: 'sub' },
          { source: 'sub', target: 'read' },
          { source: 'read', target: 'out' },
        ],
        { $file: given.id },
      ),
    );
  expect(await run(given.id)).toBe('made of given');
  expect(await run(other.id)).toMatchObject({
    code: 'FILE_NOT_FOUND',
    message: expect.stringContaining(other.id),
  });
});

test('an upload that no execution uses is deleted after its time, one that is used is kept', async () => {
  const [unused, used] = [await upload('unused.bin', bytes(2 * MIB)), await upload('used.txt', 'used')];
  await weft.runPython('1', { input: { $file: used.id } });
  const outside = (await keptOutside()).length;
  await using sweeping = await startWeft({ databaseUrl, env: { ...env, WEFT_UPLOAD_HOURS: '0.0003' } });
  const statusOf = async ({ url }: File) =>
    (await fetch(new URL(url, sweeping.url), { headers: { authorization } })).status;
  await eventually('the unused one is deleted', async () => (await statusOf(unused)) === 404);
  await eventually('and its content', async () => (await keptOutside()).length < outside);
  expect(await statusOf(used)).toBe(200);
});
