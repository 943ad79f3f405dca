import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { request } from 'node:http';
import fc from 'fast-check';
import { eventually } from '../support/eventually.ts';
import { connect } from '../support/sql.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft, type WeftServer } from '../support/weft-server.ts';

const stack = new AsyncDisposableStack();
let databaseUrl: string;
let weft: WeftClient;
/** Of a replica that has no worker, and no key for secrets. */
let front: WeftClient;
let sql: Awaited<ReturnType<typeof connect>>;
let echo: string;
const key = randomBytes(32).toString('base64');

beforeAll(async () => {
  databaseUrl = stack.use(await createDatabase()).url;
  const [server, replica] = await Promise.all([
    startWeft({ databaseUrl, env: { WEFT_SECRETS_KEY: key, WEFT_WEBHOOK_MAX_BODY_KB: '64' } }),
    startWeft({ databaseUrl, env: { WEFT_ROLES: 'api' } }),
  ]);
  stack.use(server);
  stack.use(replica);
  weft = stack.use(new WeftClient(server.url));
  front = stack.use(new WeftClient(replica.url));
  sql = stack.use(await connect(databaseUrl));
  echo = await weft.createWorkflow({ nodes: [{ key: 'out', type: 'output' }] });
});
afterAll(() => stack.disposeAsync());

interface Request {
  id: string;
  method: string;
  status: number | null;
  outcome: string;
  code: string | null;
  reason: string | null;
  deliveryId: string | null;
  query: string | null;
  headers: Record<string, string> | null;
  body: string | null;
  bodyEncoding: string | null;
  execution: { id: string } | null;
}
interface Hook {
  id: string;
  path: string;
}
interface Payload {
  webhook: { id: string; signingSecrets: number } | null;
  path?: string | null;
  userErrors: { code: string; field: string; message: string }[];
}

const ERRORS = 'userErrors { code field message }';

async function change(call: string, variables: object, types: string, of = weft): Promise<Payload> {
  const path = /Create|Rotate/.test(call) ? 'path' : '';
  const { it } = await of.query<{ it: Payload }>(
    `mutation ${types} { it: ${call} { webhook { id signingSecrets } ${path} ${ERRORS} } }`,
    variables,
  );
  return it;
}
const create = (input: object, of = weft) =>
  change(
    'webhookCreate(input: $input)',
    { input: { workflowId: echo, ...input } },
    '($input: WebhookCreateInput!)',
    of,
  );
const update = (id: string, input: object) =>
  change('webhookUpdate(id: $id, input: $input)', { id, input }, '($id: ID!, $input: WebhookInput!)');

async function created(input: object = {}): Promise<Hook> {
  const { webhook, path, userErrors } = await create(input);
  expect(userErrors).toEqual([]);
  return { id: webhook!.id, path: path! };
}

type Sent = RequestInit & { of?: WeftClient; query?: string };

function post({ path }: Hook, { of = weft, query = '', ...init }: Sent = {}): Promise<Response> {
  return fetch(new URL(path + query, of.url), { method: 'POST', ...init });
}
const json = (body: unknown, headers: object = {}): RequestInit => ({
  body: JSON.stringify(body),
  headers: { 'content-type': 'application/json', ...headers },
});

async function started(response: Response): Promise<string> {
  const text = await response.text();
  expect([response.status, text]).toEqual([202, expect.stringContaining('exec_')]);
  return (JSON.parse(text) as { executionId: string }).executionId;
}

/** The status, and the code of its refusal. */
async function refusal(response: Response): Promise<[number, string]> {
  const body = (await response.json()) as { errors: [{ extensions: { code: string } }] };
  return [response.status, body.errors[0].extensions.code];
}

async function inputOf(executionId: string): Promise<Record<string, unknown>> {
  const { execution } = await weft.query<{ execution: { input: Record<string, unknown> } }>(
    'query ($id: ID!) { execution(id: $id) { input } }',
    { id: executionId },
  );
  return execution.input;
}

/** The log of requests, once it has so many; of one method, where it is given. */
async function requests({ id }: Hook, count: number, method?: string): Promise<Request[]> {
  let found: Request[] = [];
  await eventually(`the webhook has noted ${count} requests`, async () => {
    const { webhook } = await weft.query<{ webhook: { requests: Request[] } }>(
      `query ($id: ID!) { webhook(id: $id) { requests { id method status outcome code reason deliveryId query headers body
         bodyEncoding execution { id } } } }`,
      { id },
    );
    found = webhook.requests;
    return found.filter((request) => method === undefined || request.method === method).length >= count;
  });
  if (method === undefined) expect(found).toHaveLength(count);
  return found;
}

async function executionsOf({ id }: Hook): Promise<number> {
  const { rows } = await sql.query('SELECT count(*)::int AS count FROM executions WHERE trigger_id = $1', [
    id,
  ]);
  return rows[0].count;
}

const now = () => Math.floor(Date.now() / 1_000);
const SECRET = 'a-secret-of-the-sender';
const OTHER = 'another-secret-of-the-sender';
const STANDARD = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;

/** Signatures as the senders' own documents say, and not by the code of the server. */
const sign = {
  github: (body: string, secret = SECRET) => ({
    'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
    'x-github-delivery': randomUUID(),
  }),
  stripe: (body: string, at = now(), secrets = [SECRET]) => ({
    'stripe-signature': [
      `t=${at}`,
      ...secrets.map((secret) => `v1=${createHmac('sha256', secret).update(`${at}.${body}`).digest('hex')}`),
      'v0=ignored',
    ].join(','),
  }),
  standard: (body: string, at = now(), id = `msg_${randomUUID()}`, prefix = 'webhook') => ({
    [`${prefix}-id`]: id,
    [`${prefix}-timestamp`]: String(at),
    [`${prefix}-signature`]: `v1a,ed25519 v1,${createHmac('sha256', Buffer.alloc(24, 7)).update(`${id}.${at}.${body}`).digest('base64')}`,
  }),
};
const signed = (body: string, headers: Record<string, string>) => ({
  body,
  headers: { 'content-type': 'application/json', ...headers },
});

describe('a request starts an execution', () => {
  test('with what it says as the input, and is answered at once', async () => {
    const hook = await created({ name: 'Orders' });
    const response = await post(hook, {
      ...json({ id: 7, lines: [] }, { authorization: 'Bearer a-token', cookie: 'a=b', 'X-Kind': 'order' }),
      query: '?page=1&tag=new&tag=sale',
    });
    const { headers } = response;
    const id = await started(response);
    expect(headers.get('location')).toBe(`/executions/${id}/events`);
    expect(headers.get('weft-execution-id')).toBe(id);
    const input = await inputOf(id);
    expect(input).toEqual({
      method: 'POST',
      query: { page: '1', tag: ['new', 'sale'] },
      headers: expect.objectContaining({ 'x-kind': 'order', 'content-type': 'application/json' }),
      body: { id: 7, lines: [] },
      bodyEncoding: null,
      deliveryId: null,
    });
    expect(input.headers).not.toHaveProperty('authorization');
    expect(input.headers).not.toHaveProperty('cookie');
    const { execution } = await weft.query<{ execution: object }>(
      'query ($id: ID!) { execution(id: $id) { webhook { id name } schedule { id } } }',
      { id },
    );
    expect(execution).toEqual({ webhook: { id: hook.id, name: 'Orders' }, schedule: null });
  });

  test.each<[string, string, string | Uint8Array<ArrayBuffer>, unknown, string | null]>([
    ['a form', 'application/x-www-form-urlencoded', 'a=1&b=x+y&a=2', { a: ['1', '2'], b: 'x y' }, null],
    ['a kind of JSON', 'application/cloudevents+json; charset=utf-8', '{"a":"\\u0000ü"}', { a: '\0ü' }, null],
    ['text', 'text/plain', 'Grüße', 'Grüße', null],
    ['text of another charset', 'text/plain; charset=iso-8859-1', new Uint8Array([0xfc]), 'ü', null],
    ['XML', 'application/xml', '<a/>', '<a/>', null],
    ['bytes', 'image/png', new Uint8Array([0, 255, 1]), 'AP8B', 'base64'],
    [
      'JSON that has a name of its own',
      'application/json',
      '{"__proto__":{"a":1}}',
      JSON.parse('{"__proto__":{"a":1}}'),
      null,
    ],
    ['nothing', 'application/json', '', null, null],
  ])('%s is read as its type says', async (_name, type, body, expected, bodyEncoding) => {
    const hook = await created();
    const id = await started(await post(hook, { body, headers: { 'content-type': type } }));
    expect(await inputOf(id)).toMatchObject({ body: expected, bodyEncoding });
  });

  test('of the workflow that its key names, in the version that it says', async () => {
    const { workflow } = await weft.query<{ workflow: { key: string } }>(
      'query ($id: ID!) { workflow(id: $id) { key } }',
      { id: echo },
    );
    const hook = await created({ workflowId: null, workflowKey: workflow.key, versionNumber: 1 });
    await started(await post(hook));
    const { userErrors } = await create({ versionNumber: 9 });
    expect(userErrors).toEqual([expect.objectContaining({ code: 'NOT_FOUND', field: 'versionNumber' })]);
  });

  test('from a foreign host and a foreign page alike, because the address is the secret', async () => {
    const hook = await created();
    const port = new URL(weft.url).port;
    const status = await new Promise((resolve, reject) => {
      const headers = {
        host: 'hooks.example.com',
        origin: 'https://shop.example',
        'sec-fetch-site': 'cross-site',
      };
      const sent = request({ port, path: hook.path, method: 'POST', headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      sent.once('error', reject).end();
    });
    expect(status).toBe(202);
    const preflight = await post(hook, {
      method: 'OPTIONS',
      headers: { origin: 'https://shop.example', 'access-control-request-method': 'POST' },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBeNull();
    expect(await executionsOf(hook)).toBe(1);
  });
});

describe('a request starts nothing', () => {
  test('at an address that is unknown, turned off or deleted, and the answers are the same', async () => {
    const [off, gone] = await Promise.all([created({ isEnabled: false }), created()]);
    await weft.query('mutation ($id: ID!) { webhookDelete(id: $id) { deletedId } }', { id: gone.id });
    const unknown = { id: '', path: `/hooks/${randomBytes(32).toString('base64url')}` };
    const answers = await Promise.all(
      [off, gone, unknown, { id: '', path: '/hooks/short' }, { id: '', path: '/hooks/' }].map(
        async (hook) => {
          const response = await post(hook, json({}));
          return {
            status: response.status,
            headers: [...response.headers.keys()].filter((name) => !/^(?:connection|keep-alive)$/.test(name)),
            body: await response.text(),
          };
        },
      ),
    );
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(answers[0]).toMatchObject({ status: 404, body: expect.stringContaining('NOT_FOUND') });
    expect(await requests(off, 1)).toMatchObject([
      { status: 404, code: 'WEBHOOK_DISABLED', outcome: 'REFUSED' },
    ]);
  });

  test('by a method that the webhook does not take', async () => {
    const hook = await created();
    for (const method of ['GET', 'PUT', 'HEAD']) {
      const response = await post(hook, { method });
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
    }
    const open = await created({ methods: ['GET', 'PUT'] });
    expect(await inputOf(await started(await post(open, { method: 'GET' })))).toMatchObject({
      method: 'GET',
      body: null,
    });
    expect((await post(open)).status).toBe(405);
    expect(await executionsOf(hook)).toBe(0);
  });

  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
  test.each<[string, string, string, [number, string]]>([
    ['that is too large', 'text/plain', 'x'.repeat(64 * 1024 + 1), [413, 'PAYLOAD_TOO_LARGE']],
    ['that is no JSON', 'application/json', '{', [400, 'BAD_REQUEST']],
    ['that is nested too deep', 'application/json', nested(128), [400, 'BAD_REQUEST']],
    ['of a charset that nobody knows', 'text/plain; charset=klingon', 'x', [415, 'UNSUPPORTED_MEDIA_TYPE']],
    [
      'of a form without end',
      'application/x-www-form-urlencoded',
      '&a'.repeat(10_001),
      [413, 'PAYLOAD_TOO_LARGE'],
    ],
    ['that refers to a file', 'application/json', '{"a":[{"$file":"art_1"}]}', [422, 'FILE_REFUSED']],
  ])('with a body %s', async (_name, type, body, expected) => {
    const hook = await created();
    expect(await refusal(await post(hook, { body, headers: { 'content-type': type } }))).toEqual(expected);
    expect(await requests(hook, 1)).toMatchObject([{ status: expected[0], code: expected[1] }]);
    expect(await executionsOf(hook)).toBe(0);
  });

  test('with what does not fit the schema of the workflow, or where the workflow is deleted', async () => {
    const workflowId = await weft.createWorkflow({
      nodes: [{ key: 'out', type: 'output' }],
      inputSchema: { type: 'object', properties: { body: { type: 'object', required: ['id'] } } },
    });
    const hook = await created({ workflowId });
    expect(await refusal(await post(hook, json({ name: 'x' })))).toEqual([422, 'INVALID_INPUT']);
    await started(await post(hook, json({ id: 1 })));
    await weft.query('mutation ($id: ID!) { workflowDelete(id: $id) { userErrors { code } } }', {
      id: workflowId,
    });
    expect(await refusal(await post(hook, json({ id: 1 })))).toEqual([404, 'NOT_FOUND']);
  });

  test('beyond so many a minute, and says when to send it again', async () => {
    const hook = await created({ maxPerMinute: 2 });
    await started(await post(hook));
    await started(await post(hook));
    const response = await post(hook);
    const seconds = Number(response.headers.get('retry-after'));
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(30);
    expect(await refusal(response)).toEqual([429, 'TOO_MANY_REQUESTS']);
    expect(await executionsOf(hook)).toBe(2);
  });
});

describe('signatures', () => {
  const body = '{"id":"evt_1","n": 1}';
  test.each<[string, string, string, () => Record<string, string>]>([
    ['GitHub', 'GITHUB', SECRET, () => sign.github(body)],
    ['Stripe', 'STRIPE', SECRET, () => sign.stripe(body)],
    [
      'Stripe, which signs with two secrets',
      'STRIPE',
      SECRET,
      () => sign.stripe(body, now(), [OTHER, SECRET]),
    ],
    ['Standard Webhooks', 'STANDARD_WEBHOOKS', STANDARD, () => sign.standard(body)],
    ['Svix', 'STANDARD_WEBHOOKS', STANDARD, () => sign.standard(body, now(), 'msg_1', 'svix')],
  ])('%s: what is signed starts, what is not does not', async (_name, signature, secret, headers) => {
    const hook = await created({ signature, signingSecrets: [secret] });
    const good = headers();
    expect(await refusal(await post(hook, signed(`${body} `, good)))).toEqual([401, 'SIGNATURE_MISMATCH']);
    expect(await refusal(await post(hook, signed(body, {})))).toEqual([401, 'SIGNATURE_MISSING']);
    expect(await executionsOf(hook)).toBe(0);
    const id = await started(await post(hook, signed(body, good)));
    const input = await inputOf(id);
    expect(input.body).toEqual(JSON.parse(body));
    expect(input.deliveryId).toEqual(expect.any(String));
    expect(Object.keys(input.headers as object).filter((name) => name.includes('signature'))).toEqual([]);
    // The same delivery once more, as whoever has listened would send it.
    expect(await started(await post(hook, signed(body, good)))).toBe(id);
    expect(await executionsOf(hook)).toBe(1);
  });

  test.each<[string, string, string, (at: number) => Record<string, string>]>([
    ['Stripe', 'STRIPE', SECRET, (at) => sign.stripe(body, at)],
    ['Standard Webhooks', 'STANDARD_WEBHOOKS', STANDARD, (at) => sign.standard(body, at)],
  ])(
    '%s: what is old or from the future is refused, as far as the webhook says',
    async (_name, signature, secret, at) => {
      const hook = await created({ signature, signingSecrets: [secret] });
      for (const offset of [-310, 310, -1e9])
        expect(await refusal(await post(hook, signed(body, at(now() + offset))))).toEqual([
          401,
          'SIGNATURE_EXPIRED',
        ]);
      expect(await executionsOf(hook)).toBe(0);
      for (const offset of [-280, 280]) await started(await post(hook, signed(body, at(now() + offset))));
      await update(hook.id, { toleranceSeconds: 1_000 });
      await started(await post(hook, signed(body, at(now() - 900))));
    },
  );

  test('two secrets count while one is replaced', async () => {
    const hook = await created({ signature: 'GITHUB', signingSecrets: [SECRET] });
    const { webhook } = await update(hook.id, { signingSecrets: [SECRET, OTHER] });
    expect(webhook!.signingSecrets).toBe(2);
    for (const secret of [SECRET, OTHER])
      await started(await post(hook, signed(body, sign.github(body, secret))));
    await update(hook.id, { signingSecrets: [OTHER] });
    expect(await refusal(await post(hook, signed(body, sign.github(body))))).toEqual([
      401,
      'SIGNATURE_MISMATCH',
    ]);
    await update(hook.id, { name: 'still signed' });
    await started(await post(hook, signed(body, sign.github(body, OTHER))));
  });

  test('neither secrets nor addresses are in the database', async () => {
    const hook = await created({ signature: 'GITHUB', signingSecrets: [SECRET] });
    const { rows } = await sql.query('SELECT webhooks::text AS row FROM webhooks WHERE id = $1', [hook.id]);
    await update(hook.id, { signingSecrets: [SECRET, OTHER] });
    const audited = await sql.query('SELECT string_agg(audit_log::text, chr(10)) AS rows FROM audit_log');
    expect(audited.rows[0].rows).toContain(hook.id);
    const text = `${rows[0].row}${audited.rows[0].rows}`;
    const address = hook.path.split('/')[2]!;
    for (const secret of [SECRET, address])
      for (const form of ['utf8', 'base64url'] as const) {
        expect(text).not.toContain(secret);
        expect(text).not.toContain(Buffer.from(secret, form).toString('hex'));
      }
    expect(text).toMatch(/v1\.[0-9a-f]{8}\.[\w-]+/);
  });

  test('a server without a key refuses to keep a secret, and cannot check a signature', async () => {
    const { userErrors } = await create({ signature: 'GITHUB', signingSecrets: [SECRET] }, front);
    expect(userErrors).toEqual([
      {
        code: 'SECRETS_KEY_MISSING',
        field: 'signingSecrets',
        message: expect.stringContaining('WEFT_SECRETS_KEY_FILE'),
      },
    ]);
    const hook = await created({ signature: 'GITHUB', signingSecrets: [SECRET] });
    const response = await post(hook, { ...signed(body, sign.github(body)), of: front });
    expect(response.headers.get('retry-after')).toBe('10');
    expect(await refusal(response)).toEqual([503, 'SECRETS_KEY_MISSING']);
    expect(await executionsOf(hook)).toBe(0);
  });

  test('a server with a new key before the former one seals anew, and the former one can go', async () => {
    const hook = await created({ signature: 'GITHUB', signingSecrets: [SECRET] });
    const sealed = async () =>
      (await sql.query('SELECT signing_secrets[1] AS text FROM webhooks WHERE id = $1', [hook.id])).rows[0]
        .text;
    const former = await sealed();
    const newKey = randomBytes(32).toString('base64');
    for (const keys of [`${newKey}\n${key}`, newKey]) {
      const env = { WEFT_ROLES: 'api', WEFT_SECRETS_KEY: keys };
      await using replica = await startWeft({ databaseUrl, env });
      await using of = new WeftClient(replica.url);
      expect(await sealed()).not.toBe(former);
      await started(await post(hook, { ...signed(body, sign.github(body)), of }));
    }
  });

  test('whatever the headers of a signature hold, nothing starts and nothing breaks', async () => {
    const hooks = await Promise.all([
      created({ signature: 'GITHUB', signingSecrets: [SECRET], maxPerMinute: 1_000_000 }),
      created({ signature: 'STRIPE', signingSecrets: [SECRET], maxPerMinute: 1_000_000 }),
      created({ signature: 'STANDARD_WEBHOOKS', signingSecrets: [STANDARD], maxPerMinute: 1_000_000 }),
    ]);
    const piece = fc.oneof(
      fc.string({
        unit: fc
          .integer({ min: 0x20, max: 0xff })
          .filter((code) => code !== 0x7f)
          .map((code) => String.fromCharCode(code)),
        maxLength: 60,
      }),
      fc.constantFrom(
        'sha256=',
        't=',
        'v1=',
        'v1,',
        ',',
        ' ',
        '=',
        't=99999999999999999999',
        `t=${now()}`,
        '-1',
        'NaN',
        '1e3',
      ),
      fc.stringMatching(/^[0-9a-f]{64}$/),
      fc.base64String({ minLength: 44, maxLength: 44 }),
      fc.constant('v1,'.repeat(3_000)),
    );
    const value = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join('').slice(0, 12_000));
    const names = [
      'x-hub-signature-256',
      'stripe-signature',
      'webhook-id',
      'webhook-timestamp',
      'webhook-signature',
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(value, value, value, value, value),
        fc.string({ maxLength: 50 }),
        async (values, sent) => {
          const headers = Object.fromEntries(
            names.map((name, index) => [name, values[index]!.slice(0, 3_000).trim()]),
          );
          const statuses = await Promise.all(
            hooks.map(async (hook) => (await post(hook, signed(sent, headers))).status),
          );
          expect(statuses).toEqual([401, 401, 401]);
        },
      ),
      { numRuns: 60 },
    );
    for (const hook of hooks) expect(await executionsOf(hook)).toBe(0);
  });
});

describe('a delivery that is repeated', () => {
  test('starts one execution, however often and wherever it comes at once, with whatever other headers', async () => {
    const hook = await created();
    const ids = await Promise.all(
      Array.from({ length: 20 }, async (_, index) =>
        started(
          await post(hook, {
            ...json({ n: 1 }, { 'idempotency-key': 'delivery 1', 'x-attempt': String(index) }),
            of: index % 2 === 0 ? weft : front,
          }),
        ),
      ),
    );
    expect(new Set(ids).size).toBe(1);
    expect(await executionsOf(hook)).toBe(1);
    const outcomes = (await requests(hook, 20)).map(({ outcome }) => outcome);
    expect(outcomes.filter((outcome) => outcome === 'STARTED')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'REPEATED')).toHaveLength(19);
    const other = await started(await post(hook, json({ n: 1 }, { 'idempotency-key': 'delivery 2' })));
    expect(ids).not.toContain(other);
  });

  test('is known by the header that the webhook names, and by each webhook for itself', async () => {
    const [one, two] = await Promise.all([
      created({ deliveryIdHeader: 'X-Request-Id' }),
      created({ deliveryIdHeader: 'X-Request-Id' }),
    ]);
    const send = async (hook: Hook, id: string) =>
      started(await post(hook, { headers: { 'x-request-id': id } }));
    const first = await send(one, 'a');
    expect(await send(one, 'a')).toBe(first);
    expect(await send(two, 'a')).not.toBe(first);
    expect(await refusal(await post(one, { headers: { 'x-request-id': 'x'.repeat(256) } }))).toEqual([
      400,
      'INVALID_DELIVERY_ID',
    ]);
  });

  test('starts one execution also where the server was killed meanwhile', async () => {
    const hook = await created();
    await using replica: WeftServer = await startWeft({
      databaseUrl,
      env: { WEFT_ROLES: 'api' },
      onLost: () => {},
    });
    await using of = new WeftClient(replica.url);
    const ids = Array.from({ length: 60 }, (_, index) => `delivery ${index}`);
    const send = (id: string, to: WeftClient) =>
      post(hook, { ...json({ id }, { 'idempotency-key': id }), of: to });
    let answered = 0;
    const sent = ids.map(async (id) => {
      const response = await send(id, of).catch(() => null);
      if (response?.status === 202 && ++answered === 5) await replica.kill();
    });
    await Promise.all(sent);
    await replica.kill();
    expect(answered).toBeGreaterThanOrEqual(5);
    const again = await Promise.all(ids.map(async (id) => started(await send(id, weft))));
    expect(new Set(again).size).toBe(ids.length);
    expect(await executionsOf(hook)).toBe(ids.length);
  });
});

describe('the answer', () => {
  const OUTPUT = { respond: 'OUTPUT' };
  const slow = { key: 'wait', type: 'delay', config: { durationMs: 600_000 } };

  test('is the output, also where another replica runs the execution', async () => {
    const hook = await created(OUTPUT);
    for (const of of [weft, front]) {
      const response = await post(hook, { ...json([1, 2]), of });
      expect(response.status).toBe(200);
      expect(response.headers.get('weft-execution-id')).toMatch(/^exec_/);
      expect(response.headers.get('content-security-policy')).toContain('sandbox');
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
      expect(await response.json()).toMatchObject({ method: 'POST', body: [1, 2] });
    }
  });

  test('says why an execution has failed or was canceled, and that one has not ended', async () => {
    const [fails, waits] = await Promise.all([
      weft.createWorkflow({
        nodes: [{ key: 'no', type: 'fail', config: { code: 'NO_STOCK', message: 'sold out' } }],
      }),
      weft.createWorkflow({ nodes: [slow] }),
    ]);
    const failing = await post(await created({ ...OUTPUT, workflowId: fails }));
    expect(failing.status).toBe(500);
    expect(await failing.json()).toEqual({
      errors: [{ message: 'sold out', extensions: { code: 'NO_STOCK' } }],
      executionId: expect.stringMatching(/^exec_/),
    });
    const hook = await created({ ...OUTPUT, workflowId: waits, timeoutMs: 1_000 });
    const late = await post(hook, { headers: { 'idempotency-key': 'late' } });
    expect(late.status).toBe(504);
    const { executionId } = (await late.json()) as { executionId: string };
    await update(hook.id, { timeoutMs: 60_000 });
    const repeated = post(hook, { headers: { 'idempotency-key': 'late' } });
    await weft.event(executionId, ({ __typename }) => __typename === 'NodeWaiting');
    await weft.cancel(executionId);
    expect(await refusal(await repeated)).toEqual([500, 'EXECUTION_CANCELED']);
  });

  test('is that of the first `respond` node, and the execution goes on', async () => {
    const workflowId = await weft.createWorkflow({
      nodes: [
        {
          key: 'answer',
          type: 'respond',
          config: {
            status: 201,
            headers: {
              'X-Order': '{{ input.body.id }}',
              'content-type': 'text/html',
              'cache-control': 'max-age=5',
            },
            body: '<b>{{ input.body.id }}</b>',
          },
        },
        slow,
        { key: 'second', type: 'respond' },
      ],
      edges: [
        { source: 'answer', target: 'wait' },
        { source: 'wait', target: 'second' },
      ],
    });
    const hook = await created({ workflowId, respond: 'NODE' });
    for (const of of [weft, front]) {
      const response = await post(hook, { ...json({ id: 'A7' }), of });
      const { headers } = response;
      expect([response.status, await response.text()]).toEqual([201, '<b>A7</b>']);
      expect(headers.get('x-order')).toBe('A7');
      expect(headers.get('content-type')).toBe('text/html');
      expect(headers.get('cache-control')).toBe('max-age=5');
      expect(headers.get('content-security-policy')).toBe("default-src 'none'; sandbox");
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      const id = headers.get('weft-execution-id')!;
      await weft.event(id, ({ __typename }) => __typename === 'NodeWaiting');
      expect(await weft.cancel(id)).toEqual([]);
    }
  });

  test('of a `respond` node that is never reached is that of the end', async () => {
    const node = (key: string, type: string, config?: object) => ({ key, type, config });
    const respond = { respond: 'NODE' };
    const edges = [
      { source: 'if', sourceHandle: 'true', target: 'never' },
      { source: 'if', sourceHandle: 'false', target: 'end' },
    ];
    const branch = node('if', 'branch', { condition: 'false' });
    const [succeeds, fails, bodyless] = await Promise.all([
      weft.createWorkflow({ nodes: [branch, node('never', 'respond'), node('end', 'output')], edges }),
      weft.createWorkflow({
        nodes: [branch, node('never', 'respond'), node('end', 'fail', { code: 'NO', message: 'no' })],
        edges,
      }),
      weft.createWorkflow({ nodes: [node('answer', 'respond', { status: 204, body: 'left out' })] }),
    ]);
    const ended = await post(await created({ ...respond, workflowId: succeeds }));
    expect([ended.status, await ended.text()]).toEqual([204, '']);
    expect(await refusal(await post(await created({ ...respond, workflowId: fails })))).toEqual([500, 'NO']);
    const nothing = await post(await created({ ...respond, workflowId: bodyless }));
    expect([nothing.status, await nothing.text(), nothing.headers.get('content-type')]).toEqual([
      204,
      '',
      null,
    ]);
  });

  test('may not act on the site: such headers are refused when a workflow is saved, and when a template makes them', async () => {
    const save = (headers: object) =>
      weft.query<{ it: { userErrors: { code: string; field: string }[] } }>(
        'mutation ($input: WorkflowInput!) { it: workflowCreate(input: $input) { userErrors { code field } } }',
        { input: { name: 'x', nodes: [{ key: 'a', type: 'respond', config: { headers } }], edges: [] } },
      );
    for (const name of [
      ...['Set-Cookie', 'Clear-Site-Data', 'Content-Security-Policy', 'X-Frame-Options', 'X-Accel-Redirect'],
      ...[
        'Transfer-Encoding',
        'Access-Control-Allow-Origin',
        'Service-Worker-Allowed',
        'Refresh',
        'bad name',
        '',
      ],
    ]) {
      const { it } = await save({ [name]: 'x' });
      expect([name, it.userErrors]).toEqual([
        name,
        [{ code: 'INVALID_HEADER', field: `nodes.0.config.headers.${name}` }],
      ]);
    }
    const workflowId = await weft.createWorkflow({
      nodes: [{ key: 'a', type: 'respond', config: { headers: { location: '{{ input.body }}' } } }],
    });
    const hook = await created({ workflowId, respond: 'NODE' });
    expect((await post(hook, json('/elsewhere'))).headers.get('location')).toBe('/elsewhere');
    expect(await refusal(await post(hook, json('/\r\nset-cookie: a=b')))).toEqual([500, 'INVALID_HEADER']);
  });

  test('that nobody waits for cancels nothing', async () => {
    const workflowId = await weft.createWorkflow({ nodes: [slow] });
    const hook = await created({ ...OUTPUT, workflowId });
    const leaving = new AbortController();
    const sent = post(hook, { signal: leaving.signal }).catch((error: Error) => error.name);
    await eventually('the execution has started', async () => (await executionsOf(hook)) === 1);
    leaving.abort();
    expect(await sent).toBe('AbortError');
    const [{ status, outcome, reason, execution }] = (await requests(hook, 1)) as [Request];
    expect([status, outcome, reason]).toEqual([null, 'STARTED', expect.stringContaining('went away')]);
    await weft.event(execution!.id, ({ __typename }) => __typename === 'NodeWaiting');
    expect(await weft.cancel(execution!.id)).toEqual([]);
  });

  test('comes at once where the server stops, and the repeated delivery gets the rest elsewhere', async () => {
    const workflowId = await weft.createWorkflow({ nodes: [slow] });
    const hook = await created({ ...OUTPUT, workflowId });
    const replica = await startWeft({ databaseUrl, env: { WEFT_ROLES: 'api' } });
    await using of = new WeftClient(replica.url);
    const headers = { 'idempotency-key': 'one' };
    const waiting = post(hook, { headers, of });
    await eventually('the execution has started', async () => (await executionsOf(hook)) === 1);
    await replica.stop();
    const response = await waiting;
    expect(response.headers.get('retry-after')).toBe('1');
    const { executionId } = (await response.json()) as { executionId: string };
    expect(response.status).toBe(503);
    const again = post(hook, { headers });
    await weft.event(executionId, ({ __typename }) => __typename === 'NodeWaiting');
    await weft.cancel(executionId);
    expect(((await (await again).json()) as { executionId: string }).executionId).toBe(executionId);
    expect(await executionsOf(hook)).toBe(1);
  });
});

describe('the last requests', () => {
  test('are kept, with headers and bodies only while they are recorded, and without what is secret', async () => {
    const hook = await created({ methods: ['POST', 'PUT'] });
    await started(await post(hook, json({ n: 1 }, { 'idempotency-key': 'one' })));
    expect((await post(hook, { method: 'GET' })).status).toBe(405);
    const [refused, first] = await requests(hook, 2);
    expect(first).toMatchObject({
      method: 'POST',
      status: 202,
      outcome: 'STARTED',
      deliveryId: 'one',
      headers: null,
      body: null,
    });
    expect(refused).toMatchObject({
      method: 'GET',
      status: 405,
      code: 'METHOD_NOT_ALLOWED',
      execution: null,
    });

    await update(hook.id, { recordUntil: new Date(Date.now() + 60_000).toISOString() });
    const headers = { authorization: 'Bearer secret-1', 'x-api-key': 'secret-2', 'x-kind': 'order' };
    await post(hook, { ...json({ n: 2 }, headers), query: '?token=secret-3&a=1' });
    const [recorded] = (await requests(hook, 3)) as [Request];
    expect(recorded.headers).toMatchObject({
      authorization: '[redacted]',
      'x-api-key': '[redacted]',
      'x-kind': 'order',
    });
    expect(recorded).toMatchObject({
      query: 'token=%5Bredacted%5D&a=1',
      body: '{"n":2}',
      bodyEncoding: null,
    });
    expect(JSON.stringify(recorded)).not.toContain('secret-');

    await post(hook, { method: 'PUT', body: new Uint8Array([0, 255]) });
    expect((await requests(hook, 4))[0]).toMatchObject({ body: 'AP8=', bodyEncoding: 'base64' });
    const [row] = (
      await sql.query('SELECT webhook_requests::text AS row FROM webhook_requests WHERE id = $1', [
        recorded.id,
      ])
    ).rows;
    expect(row.row).not.toContain('secret-');
  });

  test('are the last fifty', async () => {
    const hook = await created({ maxPerMinute: 1_000 });
    await Promise.all(Array.from({ length: 30 }, async () => started(await post(hook))));
    await requests(hook, 30);
    await Promise.all(Array.from({ length: 30 }, async () => (await post(hook, { method: 'GET' })).status));
    const kept = await requests(hook, 30, 'GET');
    expect(kept).toHaveLength(50);
  });

  test('can be started again where they were recorded whole', async () => {
    const recordUntil = new Date(Date.now() + 60_000).toISOString();
    const hook = await created({ recordUntil, signature: 'GITHUB', signingSecrets: [SECRET] });
    await post(hook, json({ n: 1 }));
    const [refused] = (await requests(hook, 1)) as [Request];
    expect(refused.code).toBe('SIGNATURE_MISSING');
    const replay = async (requestId: string) =>
      (
        await weft.query<{ it: { execution: { id: string } | null; userErrors: { code: string }[] } }>(
          `mutation ($id: ID!, $requestId: ID!) { it: webhookReplay(id: $id, requestId: $requestId) { execution { id } ${ERRORS} } }`,
          { id: hook.id, requestId },
        )
      ).it;
    const { execution } = await replay(refused.id);
    expect(await inputOf(execution!.id)).toMatchObject({ method: 'POST', body: { n: 1 } });
    expect((await replay('whr_0')).userErrors).toMatchObject([{ code: 'NOT_FOUND' }]);
    await update(hook.id, { recordUntil: null });
    await post(hook, json({ n: 1 }));
    const [unrecorded] = (await requests(hook, 2)) as [Request];
    expect((await replay(unrecorded.id)).userErrors).toMatchObject([{ code: 'NOT_RECORDED' }]);
  });
});

describe('the address', () => {
  const rotate = (id: string, graceSeconds = 0) =>
    change(
      'webhookRotateSecret(id: $id, graceSeconds: $graceSeconds)',
      { id, graceSeconds },
      '($id: ID!, $graceSeconds: Int!)',
    );

  test('can be replaced, at once or with time to tell the sender', async () => {
    const hook = await created();
    expect(hook.path).toMatch(/^\/hooks\/[\w-]{43}$/);
    const second = { ...hook, path: (await rotate(hook.id)).path! };
    expect((await post(hook)).status).toBe(404);
    await started(await post(second));
    const third = { ...hook, path: (await rotate(hook.id, 3_600)).path! };
    await started(await post(second));
    await started(await post(third));
    await sql.query(`UPDATE webhooks SET former_secret_until = now() WHERE id = $1`, [hook.id]);
    expect((await post(second)).status).toBe(404);
    await started(await post(third));
    expect((await rotate(hook.id, -1)).userErrors).toMatchObject([
      { code: 'INVALID', field: 'graceSeconds' },
    ]);
  });
});

describe('bad input is refused with its field and what to write', () => {
  test.each<[string, object, string, RegExp]>([
    ['no methods', { methods: [] }, 'methods', /got none/],
    ['a method twice', { methods: ['POST', 'POST'] }, 'methods', /each once/],
    ['an empty name', { name: ' ' }, 'name', /1 to 200/],
    ['no tolerance', { toleranceSeconds: 0 }, 'toleranceSeconds', /from 1 to/],
    ['a wait of an hour', { timeoutMs: 3_600_000 }, 'timeoutMs', /from 1000 to 300000/],
    ['no requests', { maxPerMinute: 0 }, 'maxPerMinute', /from 1 to/],
    [
      'recording for a week',
      { recordUntil: new Date(Date.now() + 7 * 86_400_000).toISOString() },
      'recordUntil',
      /within a day/,
    ],
    ['a header that is none', { deliveryIdHeader: 'a b' }, 'deliveryIdHeader', /name of a header/],
    [
      'a header where the id is signed',
      { signature: 'STRIPE', signingSecrets: [SECRET], deliveryIdHeader: 'x' },
      'deliveryIdHeader',
      /signs the id/,
    ],
    ['a signature without a secret', { signature: 'GITHUB' }, 'signingSecrets', /got 0/],
    ['a secret without a signature', { signingSecrets: [SECRET] }, 'signingSecrets', /without a `signature`/],
    [
      'three secrets',
      { signature: 'GITHUB', signingSecrets: [SECRET, SECRET, SECRET] },
      'signingSecrets',
      /got 3/,
    ],
    ['a short secret', { signature: 'STRIPE', signingSecrets: ['abc'] }, 'signingSecrets.0', /16 to 200/],
    [
      'a secret of another scheme',
      { signature: 'STANDARD_WEBHOOKS', signingSecrets: [SECRET] },
      'signingSecrets.0',
      /whsec_/,
    ],
  ])('%s', async (_name, input, field, message) => {
    const { webhook, userErrors } = await create(input);
    expect(webhook).toBeNull();
    expect(userErrors).toEqual([{ code: 'INVALID', field, message: expect.stringMatching(message) }]);
    expect(JSON.stringify(userErrors)).not.toContain(SECRET);
  });

  test('a scheme is changed together with its secrets, and a webhook that is not there is not found', async () => {
    const hook = await created({ signature: 'GITHUB', signingSecrets: [SECRET] });
    expect((await update(hook.id, { signature: 'STRIPE' })).userErrors).toMatchObject([
      { field: 'signingSecrets' },
    ]);
    expect((await update(hook.id, { signature: 'NONE' })).webhook!.signingSecrets).toBe(0);
    const { userErrors } = await update('wh_01890000-0000-7000-8000-000000000000', {});
    expect(userErrors).toMatchObject([{ code: 'NOT_FOUND', field: 'id' }]);
  });
});
