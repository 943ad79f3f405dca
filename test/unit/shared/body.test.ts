import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { jest } from '@jest/globals';
import { readJsonBody } from '../../../server/shared/http/body.ts';

const limits = { maxBytes: 10_000, maxContainers: 3 };

let body: Promise<unknown>;
const server = createServer((request, response) => {
  body = readJsonBody(request, response, limits).finally(() => response.end());
  body.catch(() => {});
});
beforeAll(() => once(server.listen(0, '127.0.0.1'), 'listening'));
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

test('a body that comes byte by byte is not kept as a buffer for each', async () => {
  const concat = jest.spyOn(Buffer, 'concat');
  const text = JSON.stringify('é'.repeat(2_000));
  const chunks = [...Buffer.from(text)].map((byte) => Buffer.from([49, 13, 10, byte, 13, 10]));
  await post('Transfer-Encoding: chunked', Buffer.from([...chunks.flatMap((chunk) => [...chunk]), ...LAST]));
  expect(JSON.stringify(await body)).toBe(text);
  expect(Math.max(...concat.mock.calls.map(([list]) => list.length))).toBeLessThanOrEqual(1_000);
  concat.mockRestore();
});

test('more lists and objects than the limit are refused before they are parsed', async () => {
  await post('Content-Length: 11', '{"a":[[{}]}'); // Which is not even JSON.
  await expect(body).rejects.toMatchObject({
    status: 413,
    code: 'PAYLOAD_TOO_LARGE',
    message: expect.stringContaining('at most 3 lists and objects'),
  });
  await post('Content-Length: 14', '["[[[[", [{}]]');
  expect(await body).toEqual(['[[[[', [{}]]);
});

test('a client that breaks off its upload is at fault, and nobody else', async () => {
  const socket = send('Content-Length: 20', '{"half":');
  await once(server, 'request');
  socket.resetAndDestroy();
  await expect(body).rejects.toMatchObject({ status: 400, code: 'BAD_REQUEST' });
});

const LAST = Buffer.from('0\r\n\r\n');

/** Resolves when the server has answered. */
async function post(header: string, content: string | Buffer): Promise<void> {
  const socket = send(header, content);
  await once(socket, 'data');
  socket.destroy();
}

function send(header: string, content: string | Buffer): Socket {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.write(`POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${header}\r\n\r\n`);
  socket.write(content);
  return socket;
}
