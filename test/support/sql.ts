import pg from 'pg';

/** A connection of its own; statements go one after the other. */
export async function connect(url: string): Promise<pg.Client & AsyncDisposable> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {}); // when the server stops first; the next query fails
  await client.connect();
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
}
