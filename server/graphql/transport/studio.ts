import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { acceptsEncoding } from '../../shared/http/accepts-encoding.ts';
import { HttpError, methodNotAllowed } from '../../shared/http/http-error.ts';
import { streamFile } from '../../shared/http/stream-file.ts';
import { projectRoot } from '../../shared/paths.ts';

const folder = join(projectRoot, 'studio', 'dist', 'app');

/** The addresses of the console's pages. Each is answered with the same page, which finds out where it is. */
const pagePaths =
  /^\/(?:(?:workflows|runs|approvals|schedules|webhooks|environments|security|access|server)(?:\/.*)?)?$/;

/** True for what the console, as built by scripts/build-studio.mjs, answers: its pages and its files. */
export function isStudioPath(pathname: string): boolean {
  return pagePaths.test(pathname) || listFiles().has(pathname.slice(1));
}

/** Serves the console. Its files are public: they hold nothing, and what they show comes over the API. */
export async function sendStudio(
  request: IncomingMessage,
  response: ServerResponse,
  pathname: string,
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') throw methodNotAllowed(request, 'GET, HEAD');
  if (pagePaths.test(pathname)) await sendPage(request, response, pathname);
  else await sendFile(request, response, pathname.slice(1));
}

async function sendPage(request: IncomingMessage, response: ServerResponse, pathname: string): Promise<void> {
  const nonce = randomBytes(16).toString('base64url');
  const read = (name: string) => readFile(join(folder, name), 'utf8');
  const [page, preloads] = await Promise.all([read('index.html'), read('.vite/preloads.json')]).catch(() => {
    throw new HttpError(
      404,
      'NOT_FOUND',
      'Expected the console to be built. Build it: node scripts/setup.mjs',
    );
  });
  const body = page
    .replace('%CSP_NONCE%', nonce)
    .replace('</head>', `${linksOf(pathname, JSON.parse(preloads))}</head>`);
  response.writeHead(200, {
    'content-type': contentTypes['.html'],
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'content-security-policy': contentSecurityPolicy(nonce),
    'cross-origin-opener-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** What the page at this address needs beside what every page does. */
function linksOf(pathname: string, pages: { path: string; links: string }[]): string {
  const segments = pathname.split('/');
  const page = pages.find(({ path }) => {
    const wanted = path.split('/');
    return (
      wanted.length === segments.length &&
      wanted.every((segment, index) => segment.startsWith(':') || segment === segments[index])
    );
  });
  return page?.links ?? '';
}

/**
 * Keeps the page to its own server, and other pages from framing it: a click in it can run code. Code editors make
 * their styles as they are needed, which the nonce allows them alone; React sets styles by script, which needs nothing.
 */
function contentSecurityPolicy(nonce: string): string {
  return [
    "default-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data: blob:",
    "object-src 'none'",
    "frame-ancestors 'none'",
    "form-action 'none'",
    "base-uri 'none'",
  ].join('; ');
}

async function sendFile(request: IncomingMessage, response: ServerResponse, name: string): Promise<void> {
  const files = listFiles();
  const encoding = encodings.find(
    ({ coding, suffix }) => files.has(name + suffix) && acceptsEncoding(request, coding),
  );
  const file = join(folder, name + (encoding?.suffix ?? ''));
  const { size, mtimeMs } = statSync(file);
  const etag = `"${size.toString(36)}-${Math.round(mtimeMs).toString(36)}"`;
  const headers = {
    // Names of assets carry a hash of their content.
    'cache-control': name.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
    etag,
    vary: 'accept-encoding',
    'x-content-type-options': 'nosniff',
  };
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304, headers).end();
    return;
  }
  response.writeHead(200, {
    ...headers,
    'content-type': contentTypes[extname(name)] ?? 'application/octet-stream',
    'content-length': size,
    ...(encoding && { 'content-encoding': encoding.coding }),
  });
  if (request.method === 'HEAD') response.end();
  else await streamFile(response, file);
}

/** Best first. */
const encodings = [
  { coding: 'br', suffix: '.br' },
  { coding: 'gzip', suffix: '.gz' },
];

const contentTypes: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.md': 'text/markdown; charset=utf-8',
  '.woff2': 'font/woff2',
};

/** The names come from the folder and not from the request, so no request can climb out of it. */
function listFiles(): Set<string> {
  const inFolder = (path: string) => (existsSync(path) ? readdirSync(path) : []);
  const assets = inFolder(join(folder, 'assets')).map((name) => `assets/${name}`);
  return new Set([...inFolder(folder).filter((name) => !['', '.html'].includes(extname(name))), ...assets]);
}
