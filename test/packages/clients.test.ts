import { readFileSync } from 'node:fs';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, expect } from '@jest/globals';
import { openPypiSandbox, type PypiSandbox } from '../support/pypi.ts';
import { CERTIFICATE, openSecureServer, type SecureServer } from '../support/secure-server.ts';
import { resultOf } from '../support/test-sandbox.ts';
import { openWebServer, type WebServer } from '../support/web-server.ts';

/** The clients that people use, as the package index has them: their requests are sent by the server. */
const opened = new AsyncDisposableStack();
const web: WebServer = opened.use(await openWebServer());
const secure: SecureServer = opened.use(await openSecureServer());
const secureHost = `127.0.0.1:${secure.port}`;
setDefaultCACertificates([...getCACertificates('default'), readFileSync(CERTIFICATE, 'utf8')]);
const clients: PypiSandbox = opened.use(
  await openPypiSandbox(['requests', 'httpx', 'pandas'], {
    requestLimits: { openedHosts: [web.host, secureHost], maxResponseBytes: 1024 * 1024 },
  }),
);
afterAll(() => opened.disposeAsync());

const run = async (code: string, hosts = [web.host]) =>
  resultOf(await clients.run(code, { hosts, input: { base: `http://${web.host}` } }));

clients.test(
  'requests: sessions, cookies, redirects, encodings, streams, retries and errors are its own',
  async () => {
    const code = `
import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry
base, got = input_data['base'], {}
answer = requests.post(base + '/echo', params={'q': 1}, json={'n': 1}, headers={'X-Key': 'k'}, auth=('me', 'pw'))
echoed = answer.json()
got['post'] = [answer.status_code, echoed['method'], echoed['query'], echoed['body'], echoed['headers']['x-key'],
               echoed['headers']['authorization'][:5], echoed['headers']['user-agent'][:16]]
with requests.Session() as session:
    first = session.get(base + '/cookie')
    got['cookies'] = [first.json()['headers']['cookie'], sorted(session.cookies.keys()), len(first.history)]
    got['again'] = session.get(base + '/echo').json()['headers']['cookie']
    session.mount('http://', HTTPAdapter(max_retries=Retry(2, status_forcelist=[503], backoff_factor=0)))
    try:
        session.get(base + '/status?code=503')
    except requests.exceptions.RetryError as error:
        got['retried'] = True
got['gzip'] = requests.get(base + '/gzip').json()
got['bytes'] = sum(requests.get(base + '/bytes').content)
with requests.get(base + '/large?size=500000', stream=True) as streamed:
    got['streamed'] = sum(len(piece) for piece in streamed.iter_content(10_000))
with requests.get(base + '/slowly', stream=True) as slow:
    got['first'] = next(slow.iter_content(5)).decode()
try:
    requests.get(base + '/status?code=404').raise_for_status()
except requests.HTTPError as error:
    got['raised'] = error.response.status_code
got['kept'] = requests.get(base + '/to?url=/echo', allow_redirects=False).headers['location']
got['file'] = 'filename="a.txt"' in requests.post(base + '/echo', files={'f': ('a.txt', b'content')}).json()['body']
got['generator'] = requests.post(base + '/echo', data=(part for part in [b'a', b'b'])).json()['body']
got['head'] = requests.head(base + '/csv').headers['content-type']
for name, call in {
    'timeout': lambda: requests.get(base + '/never', timeout=0.2),
    'elsewhere': lambda: requests.get('https://other.example.com/x'),
    'metadata': lambda: requests.get(base + '/to?url=http://169.254.169.254/latest/'),
    'too large': lambda: requests.get(base + '/large?size=2000000'),
}.items():
    try:
        call()
    except requests.RequestException as error:
        got[name] = [type(error).__name__, 'PYTHON_ALLOWED_HOSTS' in str(error) or 'PYTHON_MAX_RESPONSE_MB' in str(error)]
result = got`;
    expect(await run(code)).toEqual({
      post: [200, 'POST', '?q=1', '{"n": 1}', 'k', 'Basic', 'python-requests/'],
      cookies: ['a=1; b=2', ['a', 'b'], 1],
      again: 'a=1; b=2',
      retried: true,
      gzip: { zipped: true },
      bytes: 32640,
      streamed: 500_000,
      first: 'begun',
      raised: 404,
      kept: '/echo',
      file: true,
      generator: 'ab',
      head: 'text/csv',
      timeout: ['ReadTimeout', false],
      elsewhere: ['ConnectionError', true],
      metadata: ['ConnectionError', true],
      'too large': ['ChunkedEncodingError', true],
    });
  },
);

clients.test('httpx, at once and awaited', async () => {
  const code = `
import asyncio, httpx
base, got = input_data['base'], {}
with httpx.Client(base_url=base, follow_redirects=True) as client:
    got['cookies'] = client.get('/cookie').json()['headers']['cookie']
    got['post'] = client.post('/echo', json={'n': 1}).json()['body']
    got['gzip'] = client.get('/gzip').json()
    with client.stream('GET', '/large', params={'size': 300000}) as answer:
        got['streamed'] = sum(len(piece) for piece in answer.iter_bytes())
    for name, url in {'elsewhere': 'https://other.example.com/', 'never': '/never'}.items():
        try:
            client.get(url, timeout=0.3)
        except httpx.RequestError as error:
            got[name] = [type(error).__name__, 'PYTHON_ALLOWED_HOSTS' in str(error)]
    try:
        client.get('/status?code=500').raise_for_status()
    except httpx.HTTPStatusError as error:
        got['raised'] = error.response.status_code
async def several():
    async with httpx.AsyncClient(base_url=base) as client:
        answers = await asyncio.gather(*[client.post('/echo', content=str(n)) for n in range(5)])
        return [int(answer.json()['body']) for answer in answers]
got['awaited'] = asyncio.run(several())
result = got`;
  expect(await run(code)).toEqual({
    cookies: 'a=1; b=2',
    post: expect.stringMatching(/^\{"n": ?1\}$/),
    gzip: { zipped: true },
    streamed: 300_000,
    elsewhere: ['ConnectError', true],
    never: ['ReadTimeout', false],
    raised: 500,
    awaited: [0, 1, 2, 3, 4],
  });
});

clients.test('pandas reads a URL', async () => {
  const code = `
table = pd.read_csv(input_data['base'] + '/csv')
result = [table.to_dict('list'), pd.read_json(input_data['base'] + '/gzip', typ='series').to_dict()]`;
  expect(await run(code)).toEqual([{ a: [1, 3], b: [2, 4] }, { zipped: true }]);
});

clients.test(
  'a package that sends requests can be imported where no host is open, and says what is missing',
  async () => {
    const code = `
import requests, httpx
try:
    requests.get('https://api.example.com/x?key=secret')
except requests.RequestException as error:
    result = str(error)`;
    const said = await run(code, []);
    expect(said).toContain('Host `api.example.com` cannot be reached: the node asks for no hosts');
    expect(said).toContain('PYTHON_ALLOWED_HOSTS=api.example.com');
  },
);

clients.test('over HTTPS, the server is who trusts a certificate', async () => {
  const code = `
import requests, httpx, pandas, urllib.request
url = 'https://' + input_data['host'] + '/x'
result = [requests.get(url).json(), httpx.get(url).json(), pandas.read_json(url, typ='series').to_dict(),
          requests.Session().get(url, verify=True).status_code]`;
  const run = await clients.run(code, { hosts: [secureHost], input: { host: secureHost } });
  expect(resultOf(run)).toEqual([{ secure: true }, { secure: true }, { secure: true }, 200]);
});
