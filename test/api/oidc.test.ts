import { once } from 'node:events';
import { exportSPKI, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import WebSocket from 'ws';
import { makeCaller } from '../support/api-caller.ts';
import { eventually } from '../support/eventually.ts';
import { type Issuer, openIssuer } from '../support/issuer.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { startWeft } from '../support/weft-server.ts';

const stack = new AsyncDisposableStack();
let issuer: Issuer;
let stranger: Issuer;
let url: string;

beforeAll(async () => {
  issuer = stack.use(await openIssuer());
  stranger = stack.use(await openIssuer());
  const databaseUrl = stack.use(await createDatabase()).url;
  const env = {
    WEFT_ROLES: 'api',
    WEFT_OIDC_ISSUERS: issuer.url,
    WEFT_OIDC_AUDIENCE: 'weft',
    WEFT_OIDC_CLAIM: 'groups',
    WEFT_OIDC_SCOPES: 'support=READ,authors=EDIT,ops=ADMIN',
  };
  url = stack.use(await startWeft({ databaseUrl, env })).url;
});
afterAll(() => stack.disposeAsync());

const VIEWER = '{ viewer { id name kind scopes workflowKeys } }';
const now = () => Math.floor(Date.now() / 1_000);
const by = async (claims: JWTPayload) => makeCaller(url, await issuer.sign(claims));

test('a token of the issuer is who it says, with the scopes of its claims', async () => {
  const ada = await by({ groups: ['authors', 'chess'], name: 'Ada Lovelace', sub: 'ada' });
  const host = new URL(issuer.url).host;
  expect((await ada.send(VIEWER)).data.viewer).toEqual({
    ...{ id: `${host}/ada`, name: 'Ada Lovelace', kind: 'OIDC' },
    ...{ scopes: ['READ', 'RUN', 'EDIT'], workflowKeys: null },
  });
  const bob = await by({
    groups: 'chess support',
    sub: 'bob',
    aud: ['other', 'weft'],
    email: 'bob@example.org',
  });
  expect((await bob.send(VIEWER)).data.viewer).toMatchObject({ name: 'bob@example.org', scopes: ['READ'] });
  const limited = await by({ groups: ['authors'], weft_workflows: ['reports'] });
  expect((await limited.send(VIEWER)).data.viewer).toMatchObject({ workflowKeys: ['reports'] });
  expect(
    (await limited.send('mutation { pythonRun(input: { code: "1" }) { userErrors { code } } }')).codes,
  ).toEqual(['FORBIDDEN']);
});

test('what its holder does is in the audit trail', async () => {
  const ada = await by({ groups: ['authors'], name: 'Ada Lovelace' });
  const input = { name: 'of Ada', nodes: [{ key: 'out', type: 'output' }], edges: [] };
  await ada.send('mutation ($input: WorkflowInput!) { workflowCreate(input: $input) { workflow { id } } }', {
    input,
  });
  const ops = await by({ groups: ['ops'], sub: 'ops' });
  const { data } = await ops.send(
    '{ auditLog(filter: { operation: "workflowCreate" }) { nodes { principal principalName } } }',
  );
  expect(data.auditLog.nodes).toEqual([
    { principal: `${new URL(issuer.url).host}/ada`, principalName: 'Ada Lovelace' },
  ]);
});

test('who has no value that grants something is refused everything, and is told so', async () => {
  const { codes, status } = await (await by({ groups: ['chess'] })).send(VIEWER);
  expect([status, codes]).toEqual([200, ['FORBIDDEN']]);
});

describe('refused is', () => {
  const claims = () => ({
    iss: issuer.url,
    sub: 'eve',
    aud: 'weft',
    groups: ['ops'],
    iat: now(),
    exp: now() + 60,
  });

  test.each<[string, () => Promise<string> | string]>([
    ['no token, where the laptop asked for a login', () => ''],
    ['text that is no token', () => 'sesame'],
    ['a token without a signature (alg: none)', () => new UnsecuredJWT(claims()).encode()],
    ['the signature cut off', async () => (await issuer.sign(claims())).replace(/[^.]+$/, '')],
    [
      'a signature by a key of somebody else, under the name of the key',
      async () =>
        new SignJWT(claims())
          .setProtectedHeader({ alg: 'ES256', kid: '1' })
          .sign((await generateKeyPair('ES256')).privateKey),
    ],
    [
      'a shared secret made of the public key (HS256)',
      async () => {
        const { keys } = (await (await fetch(`${issuer.url}/keys`)).json()) as { keys: object[] };
        const { publicKey } = await generateKeyPair('ES256', { extractable: true });
        const text = `${JSON.stringify(keys[0])}${await exportSPKI(publicKey)}`;
        return new SignJWT(claims())
          .setProtectedHeader({ alg: 'HS256', kid: '1' })
          .sign(new TextEncoder().encode(text));
      },
    ],
    ['a token of another issuer', () => stranger.sign({ groups: ['ops'] })],
    [
      'a token of another issuer that names this one',
      () => stranger.sign({ groups: ['ops'], iss: issuer.url }),
    ],
    ['a token for another program', () => issuer.sign({ groups: ['ops'], aud: 'mail' })],
    ['a token for nobody', () => issuer.sign({ groups: ['ops'], aud: undefined })],
    ['an expired token', () => issuer.sign({ groups: ['ops'], exp: now() - 1 })],
    ['a token without an end', () => issuer.sign({ groups: ['ops'], exp: undefined })],
    ['a token that begins later', () => issuer.sign({ groups: ['ops'], nbf: now() + 3_600 })],
    [
      'a token of a clock that is far ahead',
      () => issuer.sign({ groups: ['ops'], iat: now() + 3_600, exp: now() + 7_200 }),
    ],
    ['a token of nobody', () => issuer.sign({ groups: ['ops'], sub: undefined })],
  ])('%s', async (_, make) => {
    const { status, codes, text } = await makeCaller(url, await make()).send(VIEWER);
    expect([text, status, codes]).toEqual([text, 401, ['UNAUTHENTICATED']]);
  });

  test('a request without any token', async () => {
    expect((await makeCaller(url).send(VIEWER)).status).toBe(401);
  });
});

test('a claim names the projects of a token, of which a request without one acts in the first', async () => {
  await using database = await createDatabase();
  const env = {
    ...{ WEFT_ROLES: 'api', WEFT_OIDC_ISSUERS: issuer.url, WEFT_OIDC_AUDIENCE: 'weft' },
    ...{ WEFT_OIDC_CLAIM: 'groups', WEFT_OIDC_SCOPES: 'ops=ADMIN', WEFT_OIDC_PROJECT_CLAIM: 'teams' },
  };
  await using server = await startWeft({ databaseUrl: database.url, env });
  const of = async (teams: unknown, project?: string) =>
    makeCaller(server.url, await issuer.sign({ groups: ['ops'], teams }), project);
  const acting = async (caller: Promise<ReturnType<typeof makeCaller>>) => {
    const { data, codes } = await (await caller).send('{ viewer { project projects } }');
    return data?.viewer ?? codes[0];
  };
  expect(await acting(of('*'))).toEqual({ project: 'default', projects: null });
  for (const key of ['acme', 'shop'])
    await (await of(['*'])).send(
      `mutation { projectCreate(input: { key: "${key}" }) { userErrors { code } } }`,
    );
  expect(await acting(of(['acme', 'shop']))).toEqual({ project: 'acme', projects: ['acme', 'shop'] });
  expect(await acting(of('acme shop', 'shop'))).toMatchObject({ project: 'shop' });
  expect(await acting(of(['acme'], 'default'))).toBe('FORBIDDEN');
  expect(await acting(of(['gone']))).toBe('UNKNOWN_PROJECT');
  expect(await acting(of(undefined))).toBe('FORBIDDEN');
  expect(await acting(of([]))).toBe('FORBIDDEN');
});

test('an hour off by less than a minute is no far clock', async () => {
  const ahead = await by({ groups: ['support'], iat: now() + 30 });
  expect((await ahead.send(VIEWER)).status).toBe(200);
});

test('what is open ends when its token does', async () => {
  const secret = await issuer.sign({ groups: ['support'], exp: now() + 3 });
  const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws');
  const closed = once(socket, 'close');
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${secret}` } }));
  const [code] = await closed;
  expect(code).toBe(4401);
  expect((await makeCaller(url, secret).send(VIEWER)).status).toBe(401);
});

test('keys are read once for many tokens, and again for one that is not known', async () => {
  const before = issuer.reads;
  for (let n = 0; n < 20; n++)
    expect((await (await by({ groups: ['ops'], sub: `s${n}` })).send(VIEWER)).status).toBe(200);
  expect(issuer.reads).toBeLessThanOrEqual(before + 1);
  const old = await issuer.sign({ groups: ['ops'], sub: 'late' });
  await issuer.rotate();
  await eventually(
    'the new key is known',
    async () => (await (await by({ groups: ['ops'] })).send(VIEWER)).status === 200,
  );
  // It was never seen, and its key is withdrawn.
  expect((await makeCaller(url, old).send(VIEWER)).status).toBe(401);
});

test('an issuer that does not answer is no refusal', async () => {
  await using quiet = await openIssuer();
  await using database = await createDatabase();
  const env = { WEFT_ROLES: 'api', WEFT_OIDC_ISSUERS: quiet.url, WEFT_OIDC_AUDIENCE: 'weft' };
  await using server = await startWeft({ databaseUrl: database.url, env });
  quiet.isUp = false;
  const caller = makeCaller(server.url, await quiet.sign({ scope: 'openid weft:run' }));
  const { status, codes } = await caller.send(VIEWER);
  expect([status, codes]).toEqual([503, ['ISSUER_UNAVAILABLE']]);
  quiet.isUp = true;
  expect((await caller.send(VIEWER)).data.viewer.scopes).toEqual(['READ', 'RUN']);
});
