import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { listen } from '../../server/shared/http/listen.ts';

/**
 * Transit as HashiCorp documents it, as far as Weft asks it: `encrypt` and `decrypt` with one key of several versions, a
 * token, `min_decryption_version`, and a seal, under which all is refused.
 */
export async function openTransitServer() {
  const versions = [randomBytes(32)];
  const state = { token: 'hvs.first', isSealed: false, minDecryptionVersion: 1, encrypted: 0, decrypted: 0 };

  async function answer(request: IncomingMessage): Promise<[number, object]> {
    const errors = (status: number, ...messages: string[]): [number, object] => [
      status,
      { errors: messages },
    ];
    if (state.isSealed) return errors(503, 'Vault is sealed');
    if (request.headers['x-vault-token'] !== state.token) return errors(403, 'permission denied');
    const { plaintext, ciphertext } = JSON.parse((await Array.fromAsync(request)).join(''));
    if (request.url === '/v1/transit/encrypt/weft') {
      state.encrypted += 1;
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', versions.at(-1)!, nonce);
      const bytes = Buffer.concat([cipher.update(Buffer.from(plaintext, 'base64')), cipher.final()]);
      const text = Buffer.concat([nonce, bytes, cipher.getAuthTag()]).toString('base64');
      return [
        200,
        { data: { ciphertext: `vault:v${versions.length}:${text}`, key_version: versions.length } },
      ];
    }
    if (request.url === '/v1/transit/decrypt/weft') {
      state.decrypted += 1;
      const [, version = '', text = ''] = /^vault:v(\d+):(.+)$/.exec(ciphertext) ?? [];
      if (Number(version) < state.minDecryptionVersion)
        return errors(400, 'ciphertext or signature version is disallowed by policy (too old)');
      const bytes = Buffer.from(text, 'base64');
      const decipher = createDecipheriv('aes-256-gcm', versions[Number(version) - 1]!, bytes.subarray(0, 12));
      decipher.setAuthTag(bytes.subarray(-16));
      const plain = Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]);
      return [200, { data: { plaintext: plain.toString('base64') } }];
    }
    return errors(404, `no handler for route "${request.url}"`);
  }

  const server = createServer((request, response) => {
    answer(request).then(
      ([status, body]) =>
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
      () => response.writeHead(500).end('{"errors":["internal error"]}'),
    );
  });
  const { origin } = await listen(server, { host: '127.0.0.1', port: 0 });
  return {
    state,
    url: `${origin}/v1/transit/keys/weft`,
    rotate: () => versions.push(randomBytes(32)),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
