import type { Client, Pool, PoolClient, QueryResult, QueryResultRow } from 'pg';

/** Sends a query and gives its answer. */
export interface Sender {
  query<Row extends QueryResultRow>(query: {
    name?: string;
    text: string;
    values?: unknown[];
  }): Promise<QueryResult<Row>>;
}

/** Sends one query, if not at once; its promise is about the answer. */
export type Statement = (sender: Sender) => Promise<unknown>;

/**
 * A transaction of statements that need nothing of one another's answers, though each is run after those before it. They
 * travel with their BEGIN and COMMIT in one round trip, however many they are: Postgres itself makes the COMMIT of
 * a failed transaction a rollback. A transaction that reads in between belongs in Database.transaction.
 *
 * @returns what each statement gave
 */
export async function commitTogether(pool: Pool, statements: readonly Statement[]): Promise<unknown[]> {
  const client = await pool.connect();
  client.on('error', isTold); // unheard, that of a connection which ends would end the process
  const { stream } = (client as PoolClient & Pick<Client, 'connection'>).connection;
  stream.cork(); // else each of them would be a packet of its own
  const begun = client.query('BEGIN');
  begun.catch(() => {}); // told below, with the others
  const answers: Promise<unknown>[] = [begun];
  let areSent = true;
  for (const statement of statements) {
    areSent &&= await send(client, statement, answers);
    if (!areSent) break;
  }
  const end = client.query(areSent ? 'COMMIT' : 'ROLLBACK');
  stream.uncork();
  // All of them are answered before the connection goes back to the pool.
  const settled = await Promise.allSettled([...answers, end]);
  const failed = settled.find(({ status }) => status === 'rejected') as PromiseRejectedResult | undefined;
  client.off('error', isTold);
  client.release(settled.at(-1)?.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return Promise.all(answers.slice(1));
}

/** Its queries reject as well. */
const isTold = () => {};

/** Waits until the query is on its way; false where the statement failed before. */
function send(client: PoolClient, statement: Statement, answers: Promise<unknown>[]): Promise<boolean> {
  const sent = Promise.withResolvers<boolean>();
  const answer = Promise.try(statement, {
    query(query) {
      sent.resolve(true);
      return client.query(query);
    },
  });
  answers.push(answer);
  answer.catch(() => sent.resolve(false));
  return sent.promise;
}
