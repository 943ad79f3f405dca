import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Access } from '../../auth/access.ts';
import type { Principal } from '../../auth/principal.ts';
import { inertHeaders } from '../../shared/http/answer-headers.ts';
import { HttpError, methodNotAllowed } from '../../shared/http/http-error.ts';
import { isId } from '../../shared/ids.ts';
import { endpoints } from '../permissions.ts';
import { principalFor } from './caller.ts';

export interface DownloadDeps {
  access: Access;
  openArtifact: (principal: Principal, id: string) => Promise<ArtifactContent | null>;
}

export interface ArtifactContent {
  name: string;
  mimeType: string;
  sizeBytes: number;
  content: AsyncIterable<Buffer>;
}

export const ARTIFACTS_PATH = '/artifacts/';

/**
 * Sends the content of an artifact at `/artifacts/<id>`. The content may be anything that code wrote, so no browser may
 * show it as a page of this server or run it. @throws HttpError
 */
export async function sendArtifact(
  { access, openArtifact }: DownloadDeps,
  request: IncomingMessage,
  response: ServerResponse,
  pathname: string,
): Promise<void> {
  const principal = await principalFor(access, request, endpoints.artifacts);
  if (request.method !== 'GET' && request.method !== 'HEAD') throw methodNotAllowed(request, 'GET');
  const id = pathname.slice(ARTIFACTS_PATH.length);
  const artifact = isId('art', id) ? await openArtifact(principal, id) : null;
  if (artifact === null) throw notFound(id);
  const headers = {
    'content-type': isInert(artifact.mimeType) ? artifact.mimeType : 'application/octet-stream',
    'content-length': artifact.sizeBytes,
    'content-disposition': `attachment; ${fileName(artifact.name)}`,
    // An id is never reused for other content.
    'cache-control': 'private, max-age=31536000, immutable',
    ...inertHeaders,
  };
  if (request.method === 'HEAD') response.writeHead(200, headers).end();
  else await sendContent(response, headers, artifact.content);
}

/** What fails before the first piece is a refusal; later the client sees that the answer is not whole. */
async function sendContent(
  response: ServerResponse,
  headers: OutgoingHttpHeaders,
  content: AsyncIterable<Buffer>,
): Promise<void> {
  const pieces = content[Symbol.asyncIterator]();
  const first = await firstOf(pieces);
  response.writeHead(200, headers);
  if (!first.done) response.write(first.value);
  // A client that goes away, or content that breaks off, ends the answer; there is nobody to say it to.
  await pipeline({ [Symbol.asyncIterator]: () => pieces }, response).catch(() => {});
}

async function firstOf(pieces: AsyncIterator<Buffer>): Promise<IteratorResult<Buffer>> {
  try {
    return await pieces.next();
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    throw code === 'FILE_STORE_ERROR' || code === 'FILE_INCOMPLETE'
      ? new HttpError(503, code, message)
      : error;
  }
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
