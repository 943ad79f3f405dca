import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface S3Server extends AsyncDisposable {
  endpoint: string;
  /** By `/bucket/key`. */
  objects: Map<string, Buffer>;
  /** How many of the next requests are answered with 503. */
  failures: number;
}

export const s3Keys = { accessKeyId: 'AKIATEST', secretAccessKey: 'the secret of the test' };

/** PUT, GET and DELETE of objects as S3 has them, each signed by AWS Signature Version 4, which is checked here anew. */
export async function openS3Server(): Promise<S3Server> {
  const objects = new Map<string, Buffer>();
  const state = { failures: 0 };
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const body = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>));
    const problem = signatureProblem(request, body);
    if (problem !== null)
      return void response.writeHead(403).end(`<Error><Code>SignatureDoesNotMatch</Code>${problem}</Error>`);
    if (state.failures > 0) {
      state.failures -= 1;
      return void response.writeHead(503).end('<Error><Code>SlowDown</Code></Error>');
    }
    const path = decodeURIComponent(request.url!);
    if (request.method === 'PUT') objects.set(path, body);
    if (request.method === 'DELETE') objects.delete(path);
    const found = objects.get(path);
    if (request.method === 'GET' && found === undefined)
      return void response.writeHead(404).end('<Error><Code>NoSuchKey</Code></Error>');
    response
      .writeHead(request.method === 'DELETE' ? 204 : 200)
      .end(request.method === 'GET' ? found : undefined);
  };
  // cannot reject: a client that goes away meanwhile is no part of these tests
  const http = createServer((request, response) => void answer(request, response).catch(() => {}));
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return Object.assign(state, {
    endpoint: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    objects,
    async [Symbol.asyncDispose]() {
      http.closeAllConnections();
      http.close();
      await once(http, 'close');
    },
  });
}

function signatureProblem({ method, url, headers }: IncomingMessage, body: Buffer): string | null {
  const parts =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=(\w+)$/.exec(
      headers.authorization ?? '',
    );
  if (parts === null) return `no signature: ${headers.authorization}`;
  const [, accessKeyId, day, region, names, signature] = parts as unknown as string[];
  if (accessKeyId !== s3Keys.accessKeyId) return 'unknown key';
  if (headers['x-amz-content-sha256'] !== sha256(body)) return 'the hash is not that of the body';
  if (method === 'PUT' && headers['content-length'] !== String(body.length)) return 'no length';
  for (const name of ['host', 'x-amz-content-sha256', 'x-amz-date'])
    if (!names!.split(';').includes(name)) return `${name} is not signed`;
  const signed = names!.split(';').map((name) => `${name}:${headers[name]}\n`);
  const canonical = [method, url, '', signed.join(''), names, sha256(body)].join('\n');
  const scope = `${day}/${region}/s3/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, sha256(canonical)].join('\n');
  const key = [day!, region!, 's3', 'aws4_request'].reduce<string | Buffer>(
    (secret, part) => hmac(secret, part),
    `AWS4${s3Keys.secretAccessKey}`,
  );
  return hmac(key, text).toString('hex') === signature ? null : 'wrong signature';
}

function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

function hmac(key: string | Buffer, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest();
}
