import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { projectRoot } from '../../server/shared/paths.ts';

export interface SecureServer extends AsyncDisposable {
  port: number;
}

const tls = join(projectRoot, 'test/support/tls');
/** For 127.0.0.1 and sandbox.localhost; trusted by whoever is started with NODE_EXTRA_CA_CERTS. */
export const CERTIFICATE = join(tls, 'service-cert.pem');

/** Answers every request over HTTPS with `{"secure":true}`. */
export async function openSecureServer(): Promise<SecureServer> {
  const options = { key: readFileSync(join(tls, 'service-key.pem')), cert: readFileSync(CERTIFICATE) };
  const server = createServer(options, (_, response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"secure":true}'),
  );
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
