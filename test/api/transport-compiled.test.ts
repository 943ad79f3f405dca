import { createClient as createSseClient } from 'graphql-sse';
import { createClient as createWsClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { openTransportServer, type TransportServer } from '../support/transport-server.ts';

let compiled: TransportServer;
let resolved: TransportServer;
beforeAll(async () => {
  compiled = await openTransportServer();
  resolved = await openTransportServer({ compiledEvents: false });
});
afterAll(() => Promise.all([compiled, resolved].map((server) => server[Symbol.asyncDispose]())));

interface Answer {
  data?: unknown;
  errors?: { message: string; path?: string[]; extensions: { code: string; errorId?: string } }[];
}

/** What a subscription answers over both transports, from the server that compiles answers and the one that does not. */
async function answersTo(query: string, variables: Record<string, unknown>): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const { url } of [compiled, resolved]) {
    const ws = createWsClient({ url: url.replace('http', 'ws'), webSocketImpl: WebSocket, retryAttempts: 0 });
    const sse = createSseClient({ url });
    for await (const answer of ws.iterate({ query, variables })) answers.push(answer as unknown as Answer);
    for await (const answer of sse.iterate({ query, variables })) answers.push(answer as unknown as Answer);
    await ws.dispose();
    sse.dispose();
  }
  expect(answers).toHaveLength(4);
  return answers;
}

const READ =
  'subscription ($value: JSON, $yes: Boolean = true) { r: read(value: $value) { t: text @include(if: $yes) number } }';

test('an answer is the same whether it is compiled or not, over a WebSocket and server-sent events', async () => {
  const value = { text: '"null}" \u2028 🎬', number: -1 };
  for (const answer of await answersTo(READ, { value }))
    expect(answer).toEqual({ data: { r: { t: value.text, number: -1 } } });
  for (const answer of await answersTo(READ, { value, yes: false }))
    expect(answer).toEqual({ data: { r: { number: -1 } } });
  for (const answer of await answersTo(READ, { value: null })) expect(answer).toEqual({ data: { r: null } });
});

test('a value that its type does not allow is the masked error that graphql-js finds', async () => {
  for (const { data, errors } of await answersTo(READ, { value: { text: 'kept', number: 'hunter2' } })) {
    expect(data).toEqual({ r: { t: 'kept', number: null } });
    expect(errors).toMatchObject([{ path: ['r', 'number'], extensions: { code: 'INTERNAL_SERVER_ERROR' } }]);
    expect(JSON.stringify(errors)).not.toContain('hunter2');
  }
});

test('an answer that is too large is refused', async () => {
  const aliases = Array.from({ length: 90 }, (_, n) => `a${n}: text`).join(' ');
  const query = `subscription ($value: JSON) { read(value: $value) { ${aliases} } }`;
  for (const { data, errors } of await answersTo(query, { value: { text: 'x'.repeat(1024 * 1024) } })) {
    expect(data).toBeUndefined();
    expect(errors).toMatchObject([{ extensions: { code: 'RESPONSE_TOO_LARGE' } }]);
  }
});
