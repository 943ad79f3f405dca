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
 * Sends the content of an artifact at `/artifacts/<id>`. The content may be anything that code wrote, so no browser may
 * show it as a page of this server or run it. @throws HttpError
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
    // An id is never reused for other content.
    'cache-control': 'private, max-age=31536000, immutable',
    'content-security-policy': "default-src 'none'; sandbox",
    'cross-origin-resource-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
  });
  response.end(request.method === 'HEAD' ? undefined : artifact.content);
}

/** Types that a browser can show, for example in an <img>, and that contain no code. */
function isInert(mimeType: string): boolean {
  return /^(image\/(png|jpeg|gif|webp|avif)|text\/(plain|csv)|application\/(json|pdf|zip))$/.test(mimeType);
}

/** RFC 6266: the plain form for old clients, the encoded form for every character. */
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
    `Expected the id of an artifact, as in its \`url\`, got "${id.slice(0, 100)}", which does not exist, or no longer.`,
  );
}
