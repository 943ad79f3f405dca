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
  let privateKey: CryptoKey;
  let published: object;
  let reads = 0;
  const server = createServer((request, response) => {
    if (!issuer.isUp) return void request.socket.destroy();
    if (request.url === '/.well-known/openid-configuration') {
      response.end(JSON.stringify({ issuer: issuer.url, jwks_uri: `${issuer.url}/keys` }));
      return;
    }
    reads += 1;
    response.end(JSON.stringify({ keys: [published] }));
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
      const pair = await generateKeyPair('ES256');
      privateKey = pair.privateKey;
      const key = await exportJWK(pair.publicKey);
      published = { ...key, kid: String(kid), alg: 'ES256', use: 'sig' };
    },
    sign(claims = {}) {
      const now = Math.floor(Date.now() / 1_000);
      const all = { iss: issuer.url, sub: 'ada', aud: 'weft', iat: now, exp: now + 3_600, ...claims };
      const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
      return new SignJWT(given).setProtectedHeader({ alg: 'ES256', kid: String(kid) }).sign(privateKey);
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
