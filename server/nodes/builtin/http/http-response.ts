import type { OutboundResponse } from '../../../outbound/outbound.ts';
import { FILE_NAME } from '../../../shared/file-name.ts';
import { prepended, takeStart } from '../../../shared/pieces.ts';
import { type NodeContext, NodeFailure } from '../../definition.ts';
import type { HttpConfig } from './http-config.ts';
import type { HttpRequest } from './http-request.ts';

/** What the node gives on. */
export interface HttpOutput {
  status: number;
  headers: Record<string, string>;
  url: string;
  body: unknown;
  /** How many there were, where pages are followed. */
  pages?: number;
}

export function isSuccess(status: number, successes: readonly string[]): boolean {
  return successes.some((success) =>
    success.endsWith('xx') ? success[0] === String(status)[0] : success === String(status),
  );
}

/** Statuses by which a server says that the same request may succeed later (RFC 9110, RFC 6585, RFC 8470). */
const transientStatuses = new Set([408, 425, 429, 500, 502, 503, 504]);

/** The first KiB of the body tells what the server has against the request. */
export async function statusFailure(
  { method, url }: HttpRequest,
  { status, headers, body }: OutboundResponse,
): Promise<NodeFailure> {
  const beginning = await takeStart(body, ERROR_BYTES);
  const start = new TextDecoder().decode(beginning.start.subarray(0, ERROR_BYTES));
  const where = `${url.origin}${url.pathname}`;
  return new NodeFailure(
    {
      code: 'HTTP_STATUS',
      message: `${method} ${where} gave status ${status}${start === '' ? '' : `: ${start}`}`,
      retryable: transientStatuses.has(status),
      details: { status, url: where, body: start },
    },
    { retryAfterMs: retryAfterMs(headers['retry-after']) },
  );
}

const ERROR_BYTES = 1_024;

/** Seconds, or a date (RFC 9110, 10.2.3). */
function retryAfterMs(value: string | string[] | undefined): number | undefined {
  const text = String(value ?? '').trim();
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - Date.now();
  return ms > 0 ? Math.min(ms, MAX_RETRY_AFTER_MS) : undefined;
}

const MAX_RETRY_AFTER_MS = 3_600_000;

/** @throws NodeFailure HTTP_INVALID_RESPONSE, HTTP_TOO_LARGE */
export async function readResponse(
  request: HttpRequest,
  { status, headers, body }: OutboundResponse,
  { format, maxBytes }: { format: HttpConfig['responseFormat']; maxBytes: number },
  context: Pick<NodeContext<unknown>, 'saveArtifact' | 'emit'>,
): Promise<HttpOutput> {
  const type = String(headers['content-type'] ?? '').toLowerCase();
  const reading = { type, request, headers, context };
  return {
    status,
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')]),
    ),
    url: request.url.href,
    body: await readBody(body, format, maxBytes, reading),
  };
}

async function readBody(
  body: AsyncIterable<Buffer>,
  format: HttpConfig['responseFormat'],
  maxBytes: number,
  reading: Reading,
): Promise<unknown> {
  if (format === 'file') return saveFile(body, reading);
  const read = format === 'auto' ? formatOf(reading.type) : format;
  const { start, rest } = await takeStart(body, read === 'file' ? 0 : maxBytes);
  if (rest !== null) return saveFile(prepended(start, rest), reading);
  return start.length === 0 ? null : readers[read === 'json' ? 'json' : 'text'](start, reading);
}

function formatOf(type: string): 'json' | 'text' | 'file' {
  if (/^application\/(?:[\w.-]+\+)?json\b/.test(type)) return 'json';
  return type === '' ||
    /^text\/|^application\/(?:[\w.-]+\+)?(?:xml|yaml|javascript|x-www-form-urlencoded)\b/.test(type)
    ? 'text'
    : 'file';
}

interface Reading {
  type: string;
  request: HttpRequest;
  headers: OutboundResponse['headers'];
  context: Pick<NodeContext<unknown>, 'saveArtifact' | 'emit'>;
}

const readers = {
  json(body: Buffer, { type, request }: Reading): unknown {
    try {
      return JSON.parse(decode(body, type));
    } catch (error) {
      throw new NodeFailure({
        code: 'HTTP_INVALID_RESPONSE',
        message: `${request.method} ${request.url.origin}${request.url.pathname}: expected JSON, got what cannot be read as such: ${(error as Error).message}`,
        details: { body: decode(body.subarray(0, ERROR_BYTES), type) },
      });
    }
  },
  text: (body: Buffer, { type }: Reading): string => decode(body, type),
};

/** As it arrives: whatever its size, little of it is in memory. */
async function saveFile(
  content: AsyncIterable<Buffer>,
  { type, request, headers, context }: Reading,
): Promise<object> {
  const name = fileName(String(headers['content-disposition'] ?? ''), request.url);
  const given = type.split(';', 1)[0]!.trim();
  // Of files that servers know no type of, the name may say more.
  const mimeType = given === '' || given === 'application/octet-stream' ? undefined : given;
  const artifact = await context.saveArtifact({ name, mimeType, content });
  await context.emit({ type: 'ArtifactCreated', artifact });
  const { id, ...rest } = artifact;
  return { $file: id, ...rest };
}

/** UTF-8 where the response names no charset that there is. */
function decode(body: Buffer, type: string): string {
  const charset = /charset="?([\w-]+)/.exec(type)?.[1] ?? 'utf-8';
  try {
    return new TextDecoder(charset).decode(body);
  } catch {
    return new TextDecoder().decode(body);
  }
}

/** The name that the server gives, or the end of the address; without folders. */
function fileName(disposition: string, url: URL): string {
  const given =
    /filename\*?=(?:UTF-8'')?"?([^";]+)/i.exec(disposition)?.[1] ?? url.pathname.split('/').at(-1) ?? '';
  const characters = [...decoded(given).split(/[\\/]/).at(-1)!.trim()];
  const name = characters.filter((character) => character === '.' || FILE_NAME.test(character)).join('');
  return FILE_NAME.test(name.slice(0, 200)) ? name.slice(0, 200) : 'response';
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
