import { createDatabase } from '../support/test-postgres.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft } from '../support/weft-server.ts';

const stack = new AsyncDisposableStack();
const TOKEN = 'a token of the artifact tests';
let weft: WeftClient;
let origin: string;

beforeAll(async () => {
  const { url: databaseUrl } = stack.use(await createDatabase());
  const server = stack.use(await startWeft({ databaseUrl, env: { WEFT_API_TOKEN: TOKEN } }));
  weft = stack.use(new WeftClient(server.url, TOKEN));
  origin = new URL(server.url).origin;
});
afterAll(() => stack.disposeAsync());

interface Artifact {
  __typename: 'Artifact';
  id: string;
  name: string;
  mimeType: string;
  sizeBytes: number;
  url: string;
}

const ARTIFACTS = `query ($id: ID!) { execution(id: $id) {
  artifacts { __typename id name mimeType sizeBytes url }
  events(first: 100) { nodes { __typename nodeKey ... on ArtifactCreated { artifact { __typename id name mimeType sizeBytes url } } } }
} }`;
const NODE =
  'query ($id: ID!) { node(id: $id) { id ... on Artifact { __typename id name mimeType sizeBytes url } } }';

async function artifactsOf(code: string): Promise<{ artifacts: Artifact[]; types: string[] }> {
  const id = await weft.runPython(code);
  await weft.allEvents(id);
  const { execution } = await weft.query<{
    execution: { artifacts: Artifact[]; events: { nodes: { __typename: string; artifact?: Artifact }[] } };
  }>(ARTIFACTS, { id });
  const created = execution.events.nodes.flatMap(({ artifact }) => artifact ?? []);
  expect(execution.artifacts).toEqual(created);
  return {
    artifacts: execution.artifacts,
    types: execution.events.nodes.map(({ __typename }) => __typename),
  };
}

const download = (url: string, init: RequestInit = {}) =>
  fetch(new URL(url, origin), { headers: { authorization: `Bearer ${TOKEN}` }, ...init });

test('a name with half a character is refused, and those saved before it are listed', async () => {
  const code = "save_artifact('a.txt', 'a')\nsave_artifact('b\\ud800.txt', 'b')";
  const { artifacts, types } = await artifactsOf(code);
  expect(artifacts.map(({ name }) => name)).toEqual(['a.txt']);
  expect(types.at(-1)).toBe('ExecutionFailed');
});

test('what code saves is in the journal, is listed, is found by its id and can be downloaded', async () => {
  const { artifacts, types } = await artifactsOf(
    "save_artifact('Übersicht 1.csv', 'a,b\\n1,2\\n')\nresult = 1",
  );
  expect(types).toContain('ArtifactCreated');
  const [artifact] = artifacts;
  expect(artifact).toMatchObject({ name: 'Übersicht 1.csv', mimeType: 'text/csv', sizeBytes: 8 });
  expect((await weft.query<{ node: Artifact }>(NODE, { id: artifact!.id })).node).toEqual(artifact);
  const response = await download(artifact!.url);
  expect([response.status, await response.text()]).toEqual([200, 'a,b\n1,2\n']);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'content-type': 'text/csv',
    'content-length': '8',
    'content-disposition': `attachment; filename="_bersicht 1.csv"; filename*=UTF-8''%C3%9Cbersicht%201.csv`,
    'content-security-policy': "default-src 'none'; sandbox",
    'x-content-type-options': 'nosniff',
  });
});

test('bytes of any size up to the limit come back as they were; past the limit the code gets an error', async () => {
  const { artifacts } = await artifactsOf(
    "save_artifact('all.bin', bytes(range(256)) * 40 * 1024)\nsave_artifact('more.bin', bytes(10 * 1024 * 1024 + 1))",
  );
  expect(artifacts).toMatchObject([{ mimeType: 'application/octet-stream', sizeBytes: 10 * 1024 * 1024 }]);
  const content = new Uint8Array(await (await download(artifacts[0]!.url)).arrayBuffer());
  expect(content.length).toBe(10 * 1024 * 1024);
  expect(content.every((byte, index) => byte === index % 256)).toBe(true);
});

test('a page of HTML is never served as one', async () => {
  const { artifacts } = await artifactsOf("save_artifact('page.html', '<script>alert(1)</script>')");
  expect(artifacts[0]!.mimeType).toBe('text/html');
  const response = await download(artifacts[0]!.url);
  expect(response.headers.get('content-type')).toBe('application/octet-stream');
});

test('a download needs the token, an own origin, GET and an artifact that is there', async () => {
  const { artifacts } = await artifactsOf("save_artifact('a.txt', 'secret')");
  const { url } = artifacts[0]!;
  const authorization = `Bearer ${TOKEN}`;
  const statusOf = async (init: RequestInit, path = url) => (await download(path, init)).status;
  expect(await statusOf({ headers: {} })).toBe(401);
  expect(await statusOf({ headers: { authorization, origin: 'https://elsewhere.example' } })).toBe(403);
  expect(await statusOf({ headers: { authorization }, method: 'DELETE' })).toBe(405);
  expect(
    await statusOf({ headers: { authorization } }, `${url.slice(0, -1)}${url.endsWith('0') ? '1' : '0'}`),
  ).toBe(404);
  expect(await statusOf({ headers: { authorization } }, '/artifacts/..%2f..%2fetc')).toBe(404);
  expect(await statusOf({ headers: { authorization } })).toBe(200);
});
