import { CERTIFICATE, openSecureServer, type SecureServer } from '../support/secure-server.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { openWebServer, type WebServer } from '../support/web-server.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft } from '../support/weft-server.ts';

const stack = new AsyncDisposableStack();
let web: WebServer;
let weft: WeftClient;
let secure: SecureServer;

beforeAll(async () => {
  web = stack.use(await openWebServer());
  const { url: databaseUrl } = stack.use(await createDatabase());
  secure = stack.use(await openSecureServer());
  const env = {
    PYTHON_ALLOWED_HOSTS: `${web.host}, 127.0.0.1:${secure.port}, localhost:${secure.port}, *.example.com`,
    PYTHON_MAX_REQUESTS: '3',
    NODE_EXTRA_CA_CERTS: CERTIFICATE,
  };
  weft = stack.use(new WeftClient(stack.use(await startWeft({ databaseUrl, env })).url));
});
afterAll(() => stack.disposeAsync());

const node = (config: object) => ({ key: 'py', type: 'python', config });
const code = "result = fetch(f'http://{input_data}/echo', params={'key': 'secret'}).status";

test('a node reaches the hosts that it names, and each request is an event without its URL', async () => {
  const events = await weft.allEvents(await weft.run([node({ code, hosts: [web.host] })], [], web.host));
  const requests = events.filter(({ __typename }) => __typename === 'NetworkRequest');
  expect(requests).toMatchObject([
    {
      nodeKey: 'py',
      attempt: 1,
      host: web.host,
      method: 'GET',
      httpStatus: 200,
      sentBytes: 0,
      failureCode: null,
    },
  ]);
  expect(JSON.stringify(requests)).not.toContain('secret');
  expect(events.at(-1)).toMatchObject({ __typename: 'ExecutionSucceeded', output: 200 });
});

test('pythonRun takes hosts, and the limits of the server hold', async () => {
  const many = `for n in range(5): fetch('http://${web.host}/csv')`;
  const events = await weft.allEvents(await weft.runPython(many, { hosts: [web.host] }));
  expect(events.filter(({ __typename }) => __typename === 'NetworkRequest')).toHaveLength(3);
  expect(events.at(-1)!.error).toMatchObject({ message: expect.stringContaining('PYTHON_MAX_REQUESTS') });
});

test('a workflow with a host that is not open, or is none, is refused when it is saved', async () => {
  const refused = async (host: string) => {
    const saved = weft.createWorkflow({ nodes: [node({ code: 'result = 1', hosts: [host] })] });
    return saved.then(
      () => 'saved',
      (error: Error) => error.message,
    );
  };
  expect(await refused('api.example.com')).toBe('saved');
  expect(await refused('*.example.com')).toBe('saved');
  expect(await refused('{{ input.host }}')).toBe('saved');
  expect(await refused('api.other.org')).toContain(
    'an operator opens it by PYTHON_ALLOWED_HOSTS=api.other.org',
  );
  expect(await refused('*.com')).toContain('HOST_NOT_ALLOWED');
  expect(await refused('https://api.example.com/x')).toContain('Write api.example.com.');
});

test('what becomes of a template is judged at run', async () => {
  const events = await weft.allEvents(
    await weft.run([node({ code, hosts: ['{{ input }}'] })], [], 'api.other.org'),
  );
  expect(events.at(-1)!.error).toMatchObject({ code: 'HOST_NOT_ALLOWED' });
});

test('a host that is not open is a finding of pythonCheck, and the server says what it opens', async () => {
  const query = `query ($hosts: [String!]) {
    pythonCheck(code: "result = fetch('https://api.other.org').status", hosts: $hosts) { ok violations { rule message line } }
    serverInfo { sandbox { allowedHosts } }
    nodeDefinition(type: "python") { fields { name description } }
  }`;
  const hosts = ['api.example.com', 'api.other.org', 'https://api.example.com/x'];
  const answer = await weft.query<{
    pythonCheck: { ok: boolean; violations: { rule: string; message: string; line: null }[] };
    serverInfo: { sandbox: { allowedHosts: string[] } };
    nodeDefinition: { fields: { name: string; description: string }[] };
  }>(query, { hosts });
  expect(answer.pythonCheck.ok).toBe(false);
  expect(answer.pythonCheck.violations).toEqual([
    {
      rule: 'host-not-allowed',
      message: expect.stringContaining('an operator opens it by PYTHON_ALLOWED_HOSTS=api.other.org'),
      line: null,
    },
    { rule: 'invalid-host', message: expect.stringContaining('Write api.example.com.'), line: null },
  ]);
  expect(answer.serverInfo.sandbox.allowedHosts).toEqual([
    web.host,
    `127.0.0.1:${secure.port}`,
    `localhost:${secure.port}`,
    '*.example.com',
  ]);
  const field = answer.nodeDefinition.fields.find(({ name }) => name === 'hosts');
  expect(field?.description).toContain(`This server opens ${web.host}, `);
});

describe('over HTTPS', () => {
  const secureCode = `
import urllib.request, http.client
url = f"https://{input_data}/echo"
with urllib.request.urlopen(url) as page:
    connection = http.client.HTTPSConnection(input_data)
    connection.request('GET', '/')
    result = [fetch(url).json(), page.read().decode(), connection.getresponse().status]
`;

  test('code reaches a host whose certificate the server trusts', async () => {
    const host = `127.0.0.1:${secure.port}`;
    const events = await weft.allEvents(
      await weft.run([node({ code: secureCode, hosts: [host] })], [], host),
    );
    expect(events.at(-1)).toMatchObject({
      __typename: 'ExecutionSucceeded',
      output: [{ secure: true }, '{"secure":true}', 200],
    });
    const requests = events.filter(({ __typename }) => __typename === 'NetworkRequest');
    expect(requests.map(({ host, httpStatus }) => [host, httpStatus])).toEqual(Array(3).fill([host, 200]));
  });

  test('a certificate for another name is an error of the request, which names it', async () => {
    const host = `localhost:${secure.port}`;
    const code = `
try:
    fetch(f"https://{input_data}/")
except OSError as error:
    result = str(error)`;
    const events = await weft.allEvents(await weft.run([node({ code, hosts: [host] })], [], host));
    expect(events.at(-1)).toMatchObject({
      __typename: 'ExecutionSucceeded',
      output: expect.stringMatching(/certificate|altname/i),
    });
  });
});

test('modules that send requests are refused only where a node has no hosts', async () => {
  const check = async (variables: object) => {
    const query =
      'query ($hosts: [String!]) { pythonCheck(code: "import urllib.request, requests", hosts: $hosts) { ok } }';
    return (await weft.query<{ pythonCheck: { ok: boolean } }>(query, variables)).pythonCheck.ok;
  };
  expect(await check({})).toBe(false);
  expect(await check({ hosts: ['api.example.com'] })).toBe(true);
});
