import type { ClientBase } from 'pg';
import { placeOfEndpoint } from '../deliveries/endpoint.ts';
import { placeOf } from '../webhooks/webhook.ts';
import { placeOfSecret } from './secret.ts';

export interface Sealed {
  place: string;
  text: string;
}

/** All that the database has sealed; also of a database that an older Weft has set up, or none yet. */
export async function readAllSealed(client: Pick<ClientBase, 'query'>): Promise<Sealed[]> {
  const all: Sealed[] = [];
  for (const { table, statement, toPlace } of sources) {
    const { rows: found } = await client.query('SELECT to_regclass($1) IS NOT NULL AS "isThere"', [table]);
    if (!found[0].isThere) continue;
    const { rows } = await client.query(statement);
    for (const row of rows) all.push({ place: toPlace(row), text: row.text });
  }
  return all;
}

interface Row {
  id: string;
  project: string;
  name: string;
}

const sources: readonly { table: string; statement: string; toPlace: (row: Row) => string }[] = [
  {
    table: 'secrets',
    statement: 'SELECT project, name, sealed AS text FROM secrets ORDER BY project, name',
    toPlace: ({ project, name }) => placeOfSecret(project, name),
  },
  {
    table: 'webhooks',
    statement: 'SELECT id, unnest(signing_secrets) AS text FROM webhooks ORDER BY id',
    toPlace: ({ id }) => placeOf(id),
  },
  {
    table: 'webhook_endpoints',
    statement: 'SELECT id, unnest(signing_secrets) AS text FROM webhook_endpoints ORDER BY id',
    toPlace: ({ id }) => placeOfEndpoint(id),
  },
];
