import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { GraphQLError } from 'graphql';
import * as z from 'zod';
import { WeftError } from '../../shared/errors.ts';
import { clientDocumentHashes } from './_generated_client_documents.ts';

/** The documents that clients name by an id (GraphQL over HTTP, appendix A), and whether others are refused. */
export interface TrustedDocuments {
  byId: ReadonlyMap<string, TrustedDocument>;
  /** Whether all but these are refused, and those that `@weft/client` of this version sends. */
  only: boolean;
}

export interface TrustedDocument {
  /** As the file has it. */
  id: string;
  /** Its name, for people. */
  file: string;
  source: string;
}

export const noTrustedDocuments: TrustedDocuments = { byId: new Map(), only: false };

/** How a request names its document, as it came: nothing of it is checked. */
export interface DocumentRequest {
  query?: unknown;
  documentId?: unknown;
  extensions?: unknown;
}

/**
 * The text of the document that a request names by its text, by `documentId` or by `extensions.persistedQuery`, as
 * Apollo's clients do; undefined where it names none. @throws GraphQLError
 */
export function sourceOf(
  { query, documentId, extensions }: DocumentRequest,
  { byId }: TrustedDocuments,
): string | undefined {
  const hash = persistedHash(extensions);
  // A message over a WebSocket must have a `query`: clients that name a document by its id send an empty one.
  if (typeof query === 'string' && (query !== '' || (documentId == null && hash === undefined))) {
    if (documentId != null) throw badRequest('Expected `query` or `documentId`, got both.');
    if (hash !== undefined && hash !== sha256(query))
      throw badRequest('Expected `sha256Hash` to be the SHA-256 of `query`, got another.');
    return query;
  }
  if (documentId != null) {
    if (typeof documentId !== 'string') throw badRequest('Expected `documentId` to be a string.');
    return (byId.get(documentId) ?? unknownDocument(unknownId(documentId))).source;
  }
  if (hash === undefined) return undefined;
  return (byId.get(`sha256:${hash}`) ?? byId.get(hash) ?? unknownDocument('PersistedQueryNotFound')).source;
}

/** Whether a document may be run by its text. */
export function isTrusted(source: string, { byId, only }: TrustedDocuments): boolean {
  if (!only) return true;
  const hash = sha256(source);
  return byId.has(`sha256:${hash}`) || clientDocumentHashes.has(hash);
}

/**
 * Reads a manifest, or all of those in a folder and its `.graphql` files. A manifest maps ids to documents, as
 * graphql-codegen's client preset and Relay's compiler write it, or is Apollo's list of operations. Each document has
 * the id `sha256:<hex>` of its text beside its own. @throws WeftError INVALID_SETTINGS
 */
export async function readTrustedDocuments(path: string): Promise<ReadonlyMap<string, TrustedDocument>> {
  const byId = new Map<string, TrustedDocument>();
  for (const file of await filesAt(path)) {
    for (const document of documentsIn(file, await readFile(file, 'utf8'))) {
      for (const id of [document.id, `sha256:${sha256(document.source)}`]) {
        const other = byId.get(id);
        if (other !== undefined && other.source !== document.source)
          throw wrong(`${document.file}: the id ${id} names another document in ${other.file}.`);
        byId.set(id, other ?? document);
      }
    }
  }
  if (byId.size === 0) throw wrong(`expected documents in ${path}, got none.`);
  return byId;
}

export function wrong(what: string): WeftError {
  return new WeftError('INVALID_SETTINGS', `WEFT_TRUSTED_DOCUMENTS: ${what}`);
}

async function filesAt(path: string): Promise<string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const names = (await readdir(path)).filter((name) => /\.(json|graphql|gql)$/.test(name));
    return names.sort().map((name) => join(path, name));
  } catch (error) {
    throw wrong(`${path} cannot be read: ${(error as Error).message}`);
  }
}

function documentsIn(path: string, text: string): TrustedDocument[] {
  const file = basename(path);
  if (!path.endsWith('.json')) return [{ id: `sha256:${sha256(text)}`, file, source: text }];
  return entriesOf(file, text).map(([id, source]) => {
    if (id.startsWith('sha256:') && id !== `sha256:${sha256(source)}`)
      throw wrong(`${file}: expected ${id} to be the SHA-256 of its document, in lower case.`);
    return { id, file, source };
  });
}

const Manifest = z.union([
  z
    .object({ operations: z.array(z.object({ id: z.string().min(1), body: z.string() })) })
    .transform(({ operations }) => operations.map(({ id, body }) => [id, body] as const)),
  z.record(z.string().min(1), z.string()).transform((texts) => Object.entries(texts)),
]);

function entriesOf(file: string, text: string): readonly (readonly [string, string])[] {
  try {
    const parsed = Manifest.safeParse(JSON.parse(text));
    if (parsed.success) return parsed.data;
  } catch {} // not JSON is not a manifest either
  throw wrong(`${file}: expected a JSON object of ids and documents, or a list of operations as Apollo's.`);
}

const PersistedQuery = z.object({ persistedQuery: z.object({ sha256Hash: z.string() }) });

function persistedHash(extensions: unknown): string | undefined {
  if (typeof extensions !== 'object' || extensions === null || !('persistedQuery' in extensions))
    return undefined;
  const parsed = PersistedQuery.safeParse(extensions);
  if (parsed.success) return parsed.data.persistedQuery.sha256Hash;
  throw badRequest('Expected `extensions.persistedQuery` to have a `sha256Hash`.');
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function unknownId(id: string): string {
  return `There is no document ${JSON.stringify(id.slice(0, 200))} here. The server's WEFT_TRUSTED_DOCUMENTS has those that may be named.`;
}

/** Apollo's and urql's clients know this code, or the message of their own, and send the whole document then. */
function unknownDocument(message: string): never {
  throw new GraphQLError(message, { extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } });
}

function badRequest(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_REQUEST' } });
}
