import { serverAudits } from 'graphql-http';
import { createDatabase } from '../support/test-postgres.ts';
import { startWeft } from '../support/weft-server.ts';

const stack = new AsyncDisposableStack();
let url = '';

beforeAll(async () => {
  const { url: databaseUrl } = stack.use(await createDatabase());
  ({ url } = stack.use(await startWeft({ databaseUrl, env: { WEFT_ROLES: 'api' } })));
});
afterAll(() => stack.disposeAsync());

/** A GET needs a header that no page of another site can send: see docs/graphql-api.md. */
const preflighted = (input: string, init: RequestInit = {}) =>
  fetch(input, { ...init, headers: { ...init.headers, 'apollo-require-preflight': 'true' } });

/** Of the GraphQL over HTTP specification: what a server must, should and may do. */
const audits = serverAudits({ url: () => url, fetchFn: preflighted });

test.each(audits.map((audit) => [audit.id, audit.name, audit] as const))(
  '%s %s',
  async (_id, _name, audit) => {
    expect(await audit.fn()).toMatchObject({ status: 'ok' });
  },
);
