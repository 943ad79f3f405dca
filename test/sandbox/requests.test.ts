import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { PythonEvent, PythonPolicy, SandboxBackend } from '../../server/sandbox/backend.ts';
import { eventually } from '../support/eventually.ts';
import {
  errorOf,
  openTestSandbox,
  resultOf,
  runOn,
  type TestRun,
  type TestRunOptions,
  type TestSandbox,
} from '../support/test-sandbox.ts';
import { openClient, serveSandbox } from '../support/test-service.ts';
import { openWebServer, type WebServer } from '../support/web-server.ts';

/** What runs may request, under each policy and behind a sandbox service, whose server sends the requests. */
const opened = new AsyncDisposableStack();
const backends: Record<string, SandboxBackend> = {};
let web: WebServer;
beforeAll(async () => {
  web = opened.use(await openWebServer());
  for (const policy of ['strict', 'standard', 'kernel'] as const)
    backends[policy] = opened.use(await openSandbox(policy)).backend;
  // Of its own: on a busy host, requests that others answer may take as long.
  backends.impatient = opened.use(await openSandbox('strict', { timeoutMs: 3_000 })).backend;
  const service = opened.use(await serveSandbox(backends.strict!));
  backends.remote = opened.use(await openClient(service.url));
});
afterAll(() => opened.disposeAsync());

function openSandbox(policy: PythonPolicy, limits: { timeoutMs?: number } = {}): Promise<TestSandbox> {
  const requestLimits = {
    openedHosts: [web.host, 'private.example.com', '*.rebinding.example'],
    maxRequests: 40,
    maxResponseBytes: 2 * 1024 * 1024,
    ...limits,
  };
  const lookup = (
    _name: string,
    _options: object,
    callback: (error: null, all: { address: string; family: number }[]) => void,
  ) => callback(null, [{ address: '127.0.0.1', family: 4 }]);
  return openTestSandbox({ policy, requestLimits, lookup });
}

function run(code: string, options: TestRunOptions = {}, backend = 'strict'): Promise<TestRun> {
  return runOn(backends[backend]!, code, { hosts: [web.host], input: { host: web.host }, ...options });
}

const requestsOf = ({ events }: TestRun) =>
  events.filter((event): event is Extract<PythonEvent, { kind: 'request' }> => event.kind === 'request');
const rulesOf = ({ events }: TestRun) =>
  events.flatMap((event) =>
    event.kind === 'violation' ? [[event.violation.rule, event.isFatal ?? true]] : [],
  );

const CLIENTS = `
import json, urllib.request, urllib.error, urllib.parse, http.cookiejar
base = 'http://' + input_data['host']
got = {}
answer = fetch(base + '/echo', params={'q': 'a b'}, headers={'X-Key': 's'}, json={'n': 1})
echoed = answer.json()
got['fetch'] = [answer.status, answer.ok, echoed['method'], echoed['query'], echoed['headers']['x-key'], echoed['body']]
got['form'] = fetch(base + '/echo', data={'a': 'ü', 'b': [1, 2]}).json()['body']
got['zipped'] = fetch(base + '/gzip').json()
got['bytes'] = sum(fetch(base + '/bytes').content)
got['missing'] = fetch(base + '/absent').status
try:
    fetch(base + '/status?code=503').raise_for_status()
except OSError as error:
    got['raised'] = str(error)[:26]
moved = fetch(base + '/to?code=303&url=/echo', method='POST', body=b'x')
got['moved'] = [moved.json()['method'], moved.json()['body'], moved.url.endswith('/echo')]
opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
got['cookies'] = json.load(opener.open(base + '/cookie'))['headers']['cookie']
with urllib.request.urlopen(urllib.request.Request(base + '/echo', data=b'posted', headers={'A': 'b'})) as page:
    got['urllib'] = [page.status, json.load(page)['body'], page.headers['Content-Type']]
try:
    urllib.request.urlopen(base + '/status?code=418')
except urllib.error.HTTPError as error:
    got['http error'] = [error.code, json.load(error)]
result = got
`;

describe.each(['strict', 'standard', 'kernel', 'remote'])('%s', (backend) => {
  test('fetch and urllib.request send requests to a host that the node asks for, and each is an event', async () => {
    const done = await run(CLIENTS, {}, backend);
    expect(resultOf(done)).toEqual({
      fetch: [200, true, 'POST', '?q=a+b', 's', '{"n": 1}'],
      form: 'a=%C3%BC&b=1&b=2',
      zipped: { zipped: true },
      bytes: 32640,
      missing: 404,
      raised: '503 Service Unavailable fo',
      moved: ['GET', '', true],
      cookies: 'a=1; b=2',
      urllib: [200, 'posted', 'application/json'],
      'http error': [418, { sorry: true }],
    });
    expect(rulesOf(done)).toEqual([]);
    const requests = requestsOf(done);
    expect(requests).toHaveLength(12);
    expect(requests[0]).toMatchObject({
      host: web.host,
      method: 'POST',
      httpStatus: 200,
      sentBytes: 8,
      failureCode: null,
    });
    expect(requests[0]!.receivedBytes).toBeGreaterThan(100);
    expect(JSON.stringify(requests)).not.toContain('a+b');
  });

  test('a host that is not open is a PermissionError, which says what opens it, and the run goes on', async () => {
    const code = `
said = []
for url in ['http://other.example.com/x', 'http://localhost:1/', 'http://' + input_data['host'] + '/to?url=http://169.254.169.254/latest/']:
    try:
        fetch(url)
    except PermissionError as error:
        said.append(str(error))
result = said`;
    const done = await run(code, {}, backend);
    const [other, local, redirected] = resultOf(done) as string[];
    expect(other).toContain('Host `other.example.com` cannot be reached');
    expect(other).toContain("the node's `hosts`, and open it by PYTHON_ALLOWED_HOSTS=other.example.com");
    expect(local).toContain('`localhost`');
    expect(redirected).toContain('`169.254.169.254`');
    expect(rulesOf(done)).toEqual(Array(3).fill(['host-not-allowed', false]));
    expect(requestsOf(done)).toHaveLength(1);
  });
});

test('a name that leads to a private address is refused, whoever named it', async () => {
  const code = `
try:
    fetch('http://' + input_data + '/')
except PermissionError as error:
    result = str(error)`;
  for (const host of ['private.example.com', 'a.rebinding.example']) {
    const done = await run(code, { hosts: [host], input: `${host}:${web.port}` });
    expect(resultOf(done)).toContain(`got ${host} (127.0.0.1), which is private`);
    expect(resultOf(done)).toContain(`PYTHON_ALLOWED_HOSTS=${host},127.0.0.1`);
    expect(requestsOf(done)).toMatchObject([{ httpStatus: null, failureCode: 'REFUSED_ADDRESS' }]);
  }
});

test('without hosts nothing is sent, and each client says what is missing', async () => {
  const before = web.seen.length;
  const done = await run(
    `
try:
    fetch(f"http://{input_data['host']}/echo")
except PermissionError as error:
    result = str(error)`,
    { hosts: [] },
  );
  expect(resultOf(done)).toContain("the node asks for no hosts. Add it to the node's `hosts`.");
  const imported = await run('import urllib.request\nresult = 1', { hosts: [] });
  expect(errorOf(imported).message).toContain("name the host in the node's `hosts`");
  expect(web.seen).toHaveLength(before);
});

test('responses over the limit, and those that take too long, are errors', async () => {
  const code = `
base, got = 'http://' + input_data['host'], {}
for name, path in {'large': '/large?size=3000000', 'never': '/never', 'slowly': '/slowly'}.items():
    try:
        got[name] = len(fetch(base + path).content)
    except OSError as error:
        got[name] = [type(error).__name__, str(error)]
got['fits'] = len(fetch(base + '/large?size=2000000').content)
try:
    fetch(base + '/never', timeout=0.2)
except TimeoutError as error:
    got['own'] = str(error)
result = got`;
  const done = await run(code, { timeoutMs: 60_000 }, 'impatient');
  expect(resultOf(done)).toMatchObject({
    large: ['ConnectionError', expect.stringContaining('at most 2 MiB (PYTHON_MAX_RESPONSE_MB)')],
    never: ['TimeoutError', expect.stringContaining('3 s (PYTHON_REQUEST_TIMEOUT_SECONDS)')],
    slowly: ['TimeoutError', expect.stringContaining('3 s')],
    fits: 2_000_000,
    own: expect.stringContaining('0.2 s'),
  });
  expect(requestsOf(done).map(({ httpStatus, failureCode }) => [httpStatus, failureCode])).toEqual([
    [200, 'TOO_LARGE'],
    [null, 'TIMEOUT'],
    [200, 'TIMEOUT'],
    [200, null],
    [null, 'ABANDONED'],
  ]);
});

test('a request is ended with its run: at the timeout, when it is cancelled, and when the code is done', async () => {
  const never = "fetch('http://' + input_data['host'] + '/never', timeout=None)";
  const late = await run(never, { timeoutMs: 3_000 });
  expect(errorOf(late).code).toBe('PYTHON_TIMEOUT');
  expect(requestsOf(late)).toMatchObject([{ failureCode: 'RUN_ENDED' }]);
  const cancelling = new AbortController();
  const seen = web.seen.length;
  const cancelled = run(never, { signal: cancelling.signal });
  await eventually('the request arrives', () => web.seen.length > seen);
  cancelling.abort();
  expect((await cancelled).outcome.kind).toBe('aborted');
  // What the code itself requests is answered when the request of its thread has arrived.
  const left = await run(`
import threading
base = 'http://' + input_data['host']
threading.Thread(target=lambda: fetch(base + '/never?left', timeout=None), daemon=True).start()
fetch(base + '/behind', params={'path': '/never?left'})
result = 'done'`);
  expect(resultOf(left)).toBe('done');
  expect(requestsOf(left)).toMatchObject([
    { httpStatus: 200 },
    { httpStatus: null, failureCode: 'RUN_ENDED' },
  ]);
  await eventually('all requests are cut', () => web.cut >= 3);
});

test('a response that comes while events are held up reaches the code once they are not', async () => {
  const code = "result = fetch('http://' + input_data['host'] + '/csv').status";
  // For longer than any part of a response may take where nothing is held up.
  const onEvent = ({ kind }: PythonEvent) => (kind === 'request' ? delay(6_000) : undefined);
  expect(resultOf(await run(code, { onEvent }))).toBe(200);
});

test('threads send requests at the same time', async () => {
  const code = `
from concurrent.futures import ThreadPoolExecutor
url = 'http://' + input_data['host'] + '/echo'
with ThreadPoolExecutor(12) as pool:
    result = sum(pool.map(lambda n: int(fetch(url, body=str(n)).json()['body']), range(30)))`;
  expect(resultOf(await run(code))).toBe(435);
});

test.each(['strict', 'standard', 'remote'])(
  '%s: threads open files and send requests at once',
  async (backend) => {
    const content = Buffer.alloc(700_000, 'weft');
    const openFile = async (id: string) =>
      id === 'absent'
        ? { refused: 'There is no such file' }
        : { name: id, sizeBytes: content.length, content: Readable.from([content]) };
    const code = `
from concurrent.futures import ThreadPoolExecutor
url = 'http://' + input_data['host']
def size_of(name):
    try:
        with open_artifact(name) as file:
            return len(file.read())
    except ValueError as error:
        return str(error)
def sent(n):
    return int(fetch(url + '/echo', body=str(n)).json()['body']) + len(fetch(url + '/large?size=300000').content)
with ThreadPoolExecutor(16) as pool:
    files = [pool.submit(size_of, name) for name in ['a', 'b', 'a', 'absent', 'c', 'd']]
    requests = [pool.submit(sent, n) for n in range(12)]
    result = [[each.result() for each in files], sum(each.result() for each in requests)]`;
    expect(resultOf(await run(code, { openFile }, backend))).toEqual([
      [700_000, 700_000, 700_000, 'There is no such file', 700_000, 700_000],
      66 + 12 * 300_000,
    ]);
  },
);

describe('hostile code', () => {
  const FRAMES = `
import json, os
def send(**frame):
    body = json.dumps(frame).encode()
    data = len(body).to_bytes(4, 'big') + body
    while data: data = data[os.write(3, data):]
def fetch_frame(number, url, headers=(), **more):
    send(**{'kind': 'fetch', 'number': number, 'method': 'GET', 'url': url, 'headers': list(headers), 'body': None, **more})
def read(size):
    data = b''
    while len(data) < size: data += os.read(3, size - len(data))
    return data
def answer():
    frame = json.loads(read(int.from_bytes(read(4), 'big')))
    return frame.get('code') or frame['kind']
base = 'http://' + input_data['host']
`;

  test('forges frames for hosts that its node does not ask for, and smuggles headers', async () => {
    const other = await openWebServer();
    const code = `${FRAMES}
urls = ['http://127.0.0.1:${other.port}/', 'http://localhost:${other.port}/', 'http://0x7f.1:${other.port}/', 'http://[::1]/',
        'http://a:b@' + input_data['host'] + '/', 'file:///etc/passwd', 'http://private.example.com/', 'nonsense']
got = []
for number, url in enumerate(urls, 1):
    fetch_frame(number, url, hosts=['127.0.0.1'], web=True)
    got.append(answer())
fetch_frame(20, base + '/csv', [['X-A', 'b\\r\\nHost: evil']])
got.append(answer())
fetch_frame(21, base + '/echo', [['Host', 'evil.example'], ['Transfer-Encoding', 'chunked'], ['Content-Length', '9']])
got += [answer(), answer(), answer()]
result = got`;
    const done = await run(code, {}, 'kernel');
    const denied = 'HOST_NOT_ALLOWED';
    expect(resultOf(done)).toEqual([
      ...[denied, denied, denied, denied, 'INVALID_REQUEST', 'INVALID_REQUEST', denied, 'INVALID_REQUEST'],
      ...['INVALID_REQUEST', 'response', 'chunk', 'end'],
    ]);
    expect(other.seen).toEqual([]);
    await other[Symbol.asyncDispose]();
  });

  test('floods the server with requests: no more arrive than a run may send, and few at a time', async () => {
    const before = web.seen.length;
    const code = `${FRAMES}
for number in range(1, 301): fetch_frame(number % 40 + 1, base + '/never')
result = [answer() for _ in range(300 - 8)]`;
    // It reads all answers: one that the server still has for a cell that has ended may cost the run its result.
    expect(resultOf(await run(code, {}, 'kernel'))).toEqual(Array(300 - 8).fill('TOO_MANY'));
    expect(web.seen.length - before).toBeLessThanOrEqual(8);
    const honest = `
sent = 0
try:
    for _ in range(10_000):
        fetch('http://' + input_data['host'] + '/csv')
        sent += 1
except OSError as error:
    result = [sent, str(error)]`;
    expect(resultOf(await run(honest))).toEqual([40, expect.stringContaining('PYTHON_MAX_REQUESTS')]);
  });

  test('reads no responses, sends what is no request, or forks: only its own run is affected', async () => {
    const deaf = `${FRAMES}
for number in range(1, 9): fetch_frame(number, base + '/large?size=1900000')
import time
time.sleep(60)`;
    expect(errorOf(await run(deaf, { timeoutMs: 1_000 }, 'kernel')).code).toBe('PYTHON_TIMEOUT');
    for (const frame of ["method='TRACE'", "headers=[['a']]", 'number=-1', 'body=5', "url='x' * 20_000"]) {
      const code = `${FRAMES}
send(**{'kind': 'fetch', 'number': 1, 'method': 'GET', 'url': base, 'headers': [], 'body': None, **dict(${frame})})
import time
time.sleep(60)`;
      expect(errorOf(await run(code, {}, 'kernel')).code).toBe('PYTHON_EXECUTION_ERROR');
    }
    const forked = `
import os
child = os.fork()
if child == 0:
    try:
        fetch('http://' + input_data['host'] + '/csv')
    except OSError:
        os._exit(7)
result = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])`;
    expect(resultOf(await run(forked, {}, 'kernel'))).toBe(7);
    expect(resultOf(await run("result = fetch('http://' + input_data['host'] + '/csv').text"))).toContain(
      '1,2',
    );
  });

  test.each([
    'import socket',
    'import urllib.request\nurllib.request.socket.socket()',
    'import http.client\ngetattr(http.client, "soc" + "ket").socket()',
    'import urllib.request\nurllib.request.urlopen("ftp://127.0.0.1/x")',
    'import urllib.request\nurllib.request.os.system("true")',
    'import ftplib',
    'import aiohttp',
  ])('reaches for a socket by what it may import: %s', async (code) => {
    expect(errorOf(await run(code)).code).toBe('PYTHON_SECURITY_ERROR');
  });

  test('a proxy and a file are no way', async () => {
    const code = `
import urllib.request
said = []
opener = urllib.request.build_opener(urllib.request.ProxyHandler({'http': 'http://' + input_data['host']}))
for call in (lambda: opener.open('http://other.example.com/'), lambda: urllib.request.urlopen('file:///etc/passwd')):
    try:
        call()
    except OSError as error:
        said.append(str(error)[:14])
result = said`;
    const done = await run(code);
    if (done.outcome.kind === 'succeeded') expect(resultOf(done)).toHaveLength(2);
    else expect(errorOf(done).code).toBe('PYTHON_SECURITY_ERROR');
    expect(web.seen.at(-1)).not.toContain('other.example.com');
  });
});
