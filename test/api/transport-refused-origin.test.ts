import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import { eventually } from '../support/eventually.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { startWeft, type WeftServer } from '../support/weft-server.ts';

const allowed = 'https://studio.example.org';

const opened = new AsyncDisposableStack();
let server: WeftServer;
beforeAll(async () => {
  const { url: databaseUrl } = opened.use(await createDatabase());
  server = opened.use(await startWeft({ databaseUrl, env: { WEFT_ALLOWED_ORIGINS: allowed } }));
});
afterAll(async () => await opened.disposeAsync());

const requests: Record<string, (origin: string) => Promise<string>> = {
  'an operation over HTTP': async (origin) => {
    const headers = { origin, 'content-type': 'application/json' };
    const response = await fetch(server.url, {
      method: 'POST',
      headers,
      body: '{"query": "{ __typename }"}',
    });
    return await response.text();
  },
  'an event stream': async (origin) => {
    const headers = { origin, accept: 'text/event-stream' };
    return await (await fetch(`${server.url}?query={__typename}`, { headers })).text();
  },
  'a WebSocket': async (origin) => {
    const socket = new WebSocket(server.wsUrl, 'graphql-transport-ws', { origin });
    socket.on('error', () => {});
    const [, response] = await once(socket, 'unexpected-response');
    return (await response.toArray()).join('');
  },
};

describe.each(Object.keys(requests))('%s from an origin that is not allowed', (name) => {
  const origin = `https://${name.replaceAll(' ', '-').toLowerCase()}.example`;
  const request = requests[name]!;

  test('is logged once, with the setting that would allow the origin', async () => {
    await request(origin);
    await request(origin);
    await request(`${origin}:8443`);
    await eventually('the other origin is logged', () => warningsAbout(`"${origin}:8443"`).length > 0);
    expect(warningsAbout(`"${origin}"`)).toEqual([
      expect.stringMatching(new RegExp(`WEFT_ALLOWED_ORIGINS=${allowed},${origin}$`)),
    ]);
  });

  test('gets that setting in the response', async () => {
    const { errors } = JSON.parse(await request(origin));
    expect(errors).toEqual([
      {
        message: expect.stringContaining(`add ${origin} to WEFT_ALLOWED_ORIGINS`),
        extensions: { code: 'FORBIDDEN_ORIGIN' },
      },
    ]);
  });
});

/** The messages that the server logged as warnings, and that contain the text. */
function warningsAbout(text: string): string[] {
  const lines = server.stderr.split('\n').filter((line) => line.startsWith('{'));
  return lines
    .map((line) => JSON.parse(line))
    .filter(({ level, msg }) => level === 40 && msg.includes(text))
    .map(({ msg }) => msg);
}
