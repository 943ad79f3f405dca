import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';

export interface Issuer extends AsyncDisposable {
  url: string;
  /** How often its keys were read. */
  readonly reads: number;
  /** From now on it publishes one new key and no former one. */
  rotate(): Promise<void>;
  /** Whether it answers at all. */
  isUp: boolean;
  /** A token of an hour for `weft`, unless the claims say otherwise; undefined leaves a claim out. */
  sign(claims?: JWTPayload): Promise<string>;
}

/** An OpenID Connect issuer on this machine. */
export async function openIssuer(): Promise<Issuer> {
  let kid = 0;
  let keys: { privateKey: CryptoKey; publicKey: CryptoKey };
  let reads = 0;
  const server = createServer(async (request, response) => {
    if (!issuer.isUp) return request.socket.destroy();
    if (request.url === '/.well-known/openid-configuration')
      return response.end(JSON.stringify({ issuer: issuer.url, jwks_uri: `${issuer.url}/keys` }));
    reads += 1;
    const key = { ...(await exportJWK(keys.publicKey)), kid: String(kid), alg: 'ES256', use: 'sig' };
    return response.end(JSON.stringify({ keys: [key] }));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const issuer: Issuer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get reads() {
      return reads;
    },
    isUp: true,
    async rotate() {
      kid += 1;
      keys = await generateKeyPair('ES256');
    },
    sign(claims = {}) {
      const now = Math.floor(Date.now() / 1_000);
      const all = { iss: issuer.url, sub: 'ada', aud: 'weft', iat: now, exp: now + 3_600, ...claims };
      const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
      return new SignJWT(given).setProtectedHeader({ alg: 'ES256', kid: String(kid) }).sign(keys.privateKey);
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  await issuer.rotate();
  return issuer;
}
