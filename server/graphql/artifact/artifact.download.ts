import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Guard } from '../../shared/http/guard.ts';
import { HttpError, methodNotAllowed } from '../../shared/http/http-error.ts';
import { isId } from '../../shared/ids.ts';

export interface DownloadDeps {
  guard: Guard;
  readArtifact: (id: string) => Promise<ArtifactContent | null>;
}

export interface ArtifactContent {
  name: string;
  mimeType: string;
  content: Buffer;
}

export const ARTIFACTS_PATH = '/artifacts/';

/**
 * The content of an artifact at `/artifacts/<id>`. It is whatever code made it: never shown as a page of this server's,
 * and run by no browser. @throws HttpError
 */
export async function sendArtifact(
  { guard, readArtifact }: DownloadDeps,
  request: IncomingMessage,
  response: ServerResponse,
  pathname: string,
): Promise<void> {
  guard.authorize(request.headers.authorization);
  if (request.method !== 'GET' && request.method !== 'HEAD') throw methodNotAllowed(request, 'GET');
  const id = pathname.slice(ARTIFACTS_PATH.length);
  const artifact = isId('art', id) ? await readArtifact(id) : null;
  if (artifact === null) throw notFound(id);
  response.writeHead(200, {
    'content-type': isInert(artifact.mimeType) ? artifact.mimeType : 'application/octet-stream',
    'content-length': artifact.content.length,
    'content-disposition': `attachment; ${fileName(artifact.name)}`,
    // An id is never used for anything else.
    'cache-control': 'private, max-age=31536000, immutable',
    'content-security-policy': "default-src 'none'; sandbox",
    'cross-origin-resource-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
  });
  response.end(request.method === 'HEAD' ? undefined : artifact.content);
}

/** Types that a browser can show, in an <img> for one, and that hold no code. */
function isInert(mimeType: string): boolean {
  return /^(image\/(png|jpeg|gif|webp|avif)|text\/(plain|csv)|application\/(json|pdf|zip))$/.test(mimeType);
}

/** RFC 6266: the plain form for old clients, the encoded one for every character there is. */
function fileName(name: string): string {
  const plain = name.replace(/[^\w. -]/g, '_');
  const encoded = encodeURIComponent(name.toWellFormed()).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16)}`,
  );
  return `filename="${plain}"; filename*=UTF-8''${encoded}`;
}

function notFound(id: string): HttpError {
  return new HttpError(
    404,
    'NOT_FOUND',
    `Expected the id of an artifact, as in its \`url\`, got "${id.slice(0, 100)}", which there is not (any more).`,
  );
}
