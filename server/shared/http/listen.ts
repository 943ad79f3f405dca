import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { coerceError, WeftError } from '../errors.ts';

/** Longer than clients and proxies keep idle connections, so that no request arrives on a closing one. */
const KEEP_ALIVE_MS = 65_000;

/**
 * Resolves when the server accepts connections, with its address as `http://127.0.0.1:4000`.
 * @throws WeftError CANNOT_LISTEN
 */
export async function listen(
  server: Server,
  { host, port }: { host: string; port: number },
): Promise<{ origin: string; port: number }> {
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.listen({ host, port });
  await once(server, 'listening').catch((cause: unknown) => {
    throw new WeftError(
      'CANNOT_LISTEN',
      `Expected to listen on ${host}, port ${port}, but: ${coerceError(cause).message}. Stop the program that has ` +
        'the port, choose another with PORT (0: any that is free), or another address with HOST.',
      { cause },
    );
  });
  const bound = (server.address() as AddressInfo).port;
  return { origin: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`, port: bound };
}
