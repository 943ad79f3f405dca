import { existsSync, readdirSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { HttpError, methodNotAllowed } from '../../shared/http/http-error.ts';
import { streamFile } from '../../shared/http/stream-file.ts';
import { projectRoot } from '../../shared/paths.ts';

const folder = join(projectRoot, 'dist', 'graphiql');

/** Serves the GraphiQL page, which scripts/build-graphiql.mjs builds from server/graphql/graphiql, and its assets. */
export async function sendGraphiql(
  request: IncomingMessage,
  response: ServerResponse,
  pathname: string,
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') throw methodNotAllowed(request, 'GET');
  const name = pathname.slice('/graphiql/'.length) || 'index.html';
  if (!listFiles().has(name)) throw notFound(name);
  response.writeHead(200, {
    'content-type': contentTypes[extname(name)] ?? 'application/octet-stream',
    // Asset names carry a hash of their content; the page itself does not.
    'cache-control': name === 'index.html' ? 'no-cache' : 'public, max-age=31536000, immutable',
    'content-security-policy': contentSecurityPolicy,
    'x-content-type-options': 'nosniff',
  });
  if (request.method === 'HEAD') response.end();
  else await streamFile(response, join(folder, name));
}

/** Keeps the page to its own server, and other pages from framing it: a click in it can run code. */
const contentSecurityPolicy = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "worker-src 'self' blob:",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');

const contentTypes: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.ttf': 'font/ttf',
  '.woff2': 'font/woff2',
};

/** The names come from the folder and not from the request, so no request can leave the folder. */
function listFiles(): Set<string> {
  return new Set(existsSync(folder) ? readdirSync(folder) : []);
}

function notFound(name: string): HttpError {
  const hint = name === 'index.html' ? ' Build it: node scripts/build-graphiql.mjs' : '';
  return new HttpError(
    404,
    'NOT_FOUND',
    `Expected a file of GraphiQL, got "${name}", which does not exist.${hint}`,
  );
}
