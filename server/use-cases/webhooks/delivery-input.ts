import { fileReferences } from '../../files/file-value.ts';
import { HttpError } from '../../shared/http/http-error.ts';
import { countContainers, isDeeperThan, MAX_JSON_DEPTH } from '../../shared/json-size.ts';
import { MAX_VALUE } from '../../shared/value-size.ts';

export interface Delivery {
  method: string;
  query: URLSearchParams;
  /** By their names in lower case. */
  headers: Record<string, string>;
  body: Buffer;
  deliveryId: string | null;
}

/** The input of an execution that a request starts. */
export interface DeliveryInput {
  method: string;
  headers: Record<string, string>;
  query: Record<string, string | string[]>;
  /** JSON and forms as values, text as text, anything else in base64; null where there is none. */
  body: unknown;
  bodyEncoding: 'base64' | null;
  deliveryId: string | null;
}

/** Who calls shows by these that it may: workflows have no use for them, and journals must not keep them. */
const withheld =
  /^(?:authorization|proxy-authorization|cookie|x-hub-signature(?:-256)?|stripe-signature|(?:webhook|svix)-signature)$/;

/** Of a query or a form: more is no form that anybody filled in. */
const MAX_FIELDS = 10_000;

/** @throws HttpError 400, 413, 422 for a body that is not what its type says */
export function inputOf({ method, query, headers, body, deliveryId }: Delivery): DeliveryInput {
  const read = readBody(body, headers['content-type'] ?? '');
  if (fileReferences(read.body).length > 0)
    throw new HttpError(
      422,
      'FILE_REFUSED',
      'Expected a body without `$file`, got one: a sender cannot refer to the files of this server.',
    );
  return {
    method,
    headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !withheld.test(name))),
    query: fieldsOf(query),
    ...read,
    deliveryId,
  };
}

function readBody(bytes: Buffer, contentType: string): Pick<DeliveryInput, 'body' | 'bodyEncoding'> {
  if (bytes.length === 0) return { body: null, bodyEncoding: null };
  const type = contentType.split(';', 1)[0]!.trim().toLowerCase();
  if (type === 'application/json' || type.endsWith('+json'))
    return { body: jsonOf(bytes.toString('utf8')), bodyEncoding: null };
  if (type === 'application/x-www-form-urlencoded')
    return { body: fieldsOf(new URLSearchParams(bytes.toString('utf8'))), bodyEncoding: null };
  if (type.startsWith('text/') || type === 'application/xml' || type.endsWith('+xml'))
    return { body: textOf(bytes, contentType), bodyEncoding: null };
  return { body: bytes.toString('base64'), bodyEncoding: 'base64' };
}

function jsonOf(text: string): unknown {
  if (countContainers(text, MAX_VALUE.containers) > MAX_VALUE.containers)
    throw new HttpError(
      413,
      'PAYLOAD_TOO_LARGE',
      `Expected JSON of at most ${MAX_VALUE.containers} lists and objects, got more.`,
    );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new HttpError(400, 'BAD_REQUEST', `Expected the body to be JSON, got: ${(error as Error).message}`);
  }
  // One less, because the input has the body within itself.
  if (isDeeperThan(value, MAX_JSON_DEPTH - 1))
    throw new HttpError(
      400,
      'BAD_REQUEST',
      `Expected JSON nested at most ${MAX_JSON_DEPTH - 1} deep, got a deeper one.`,
    );
  return value;
}

function textOf(bytes: Buffer, contentType: string): string {
  const charset = /;\s*charset="?([\w.:-]{1,40})/i.exec(contentType)?.[1] ?? 'utf-8';
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch {
    throw new HttpError(415, 'UNSUPPORTED_MEDIA_TYPE', `Expected a charset that is known, got ${charset}.`);
  }
}

/** A name that comes several times has the list of its values. */
function fieldsOf(params: URLSearchParams): Record<string, string | string[]> {
  if (params.size > MAX_FIELDS)
    throw new HttpError(
      413,
      'PAYLOAD_TOO_LARGE',
      `Expected at most ${MAX_FIELDS} fields, got ${params.size}.`,
    );
  const fields = new Map<string, string | string[]>();
  for (const [name, value] of params) {
    const former = fields.get(name);
    if (former === undefined) fields.set(name, value);
    else if (typeof former === 'string') fields.set(name, [former, value]);
    else former.push(value);
  }
  return Object.fromEntries(fields);
}
