import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { startEmbeddedPostgres } from '../../server/db/embedded-postgres.ts';
import { makeLogger } from '../../server/shared/logger.ts';
import { Fault, runLoad, type Watched } from './chaos-load.ts';
import { clientsOf, type Member, startMember } from './cluster.ts';
import { eventually } from './eventually.ts';
import { makeRandom, type Random } from './random.ts';
import { connect } from './sql.ts';
import { makeTempFolder } from './temp-folder.ts';

export interface ChaosOptions {
  seed: number;
  /** Blows dealt in all. */
  blows: number;
  /** Between two blows, on average, milliseconds; a process that is killed takes longer than that to come back. */
  everyMs: number;
  /** Executions under way at once. */
  lanes: number;
}

export interface ChaosReport {
  blows: Record<string, number>;
  executions: number;
  endings: Record<string, number>;
  events: number;
  /** How often a subscriber had to connect again. */
  reconnects: number;
  /** Nodes begun again because their worker was lost. */
  interruptions: number;
  longestMs: number;
}

/**
 * Three replicas (an API, a worker, and both in one) on a Postgres of their own, under load, while processes are killed,
 * connections cut and Postgres restarted at random moments. Throws a Fault when an execution does not end or gives what
 * it should not, a journal is not dense, a node succeeded twice, or a subscriber missed or doubled an event.
 */
export async function chaos(options: ChaosOptions): Promise<ChaosReport> {
  await using opened = new AsyncDisposableStack();
  // Two of them: how the load fares must not change what blows are dealt.
  const [blowing, loading] = [makeRandom(options.seed), makeRandom(options.seed + 1)];
  const dataFolder = opened.use(await makeTempFolder()).path;
  const postgres = opened.use(await startEmbeddedPostgres({ dataFolder, logger: makeLogger('silent') }));
  const members = await startMembers(postgres.url, opened);
  const clients = opened.use(clientsOf(members.filter(servesApi), loading.pick));

  const over = new AbortController();
  const load = runLoad({ clients, random: loading, lanes: options.lanes, signal: over.signal });
  const blows = await Promise.race([
    dealBlows(options, blowing, members, postgres.url),
    load.then(() => ({})),
  ]);
  over.abort();
  const watched = await load;
  await checkJournals(postgres.url, watched);
  return reportOf(blows, watched);
}

const ROLES = { front: 'api', both: 'api,worker', back: 'worker' };

async function startMembers(databaseUrl: string, opened: AsyncDisposableStack): Promise<Member[]> {
  return Promise.all(
    Object.entries(ROLES).map(async ([name, roles]) =>
      opened.use(
        await startMember(name, {
          databaseUrl,
          env: { WEFT_ROLES: roles, WEFT_SHUTDOWN_GRACE_SECONDS: '1' },
        }),
      ),
    ),
  );
}

function servesApi({ name }: Member): boolean {
  return name !== 'back';
}

type Blow = 'kill' | 'replace' | 'postgres-crash' | 'postgres-restart' | 'listeners-cut';

/** Mostly kills; each of the others now and then. */
const BLOWS: Blow[] = [
  ...Array<Blow>(12).fill('kill'),
  'replace',
  'postgres-crash',
  'postgres-restart',
  'listeners-cut',
];

async function dealBlows(
  { blows, everyMs }: ChaosOptions,
  random: Random,
  members: readonly Member[],
  databaseUrl: string,
): Promise<Record<string, number>> {
  const dealt: Record<string, number> = {};
  const recovering: Promise<void>[] = [];
  for (let n = 0; n < blows; n++) {
    await delay(random.between(0.3, 1.7) * everyMs);
    const blow = random.pick(BLOWS);
    const up = members.filter((member) => member.up);
    const victim = random.pick(up.length > 0 ? up : members);
    const name = blow === 'kill' || blow === 'replace' ? `${blow} ${victim.name}` : blow;
    dealt[name] = (dealt[name] ?? 0) + 1;
    recovering.push(deal(blow, victim, databaseUrl, random.between(0, 500)));
  }
  await Promise.all(recovering);
  return dealt;
}

async function deal(blow: Blow, victim: Member, databaseUrl: string, pauseMs: number): Promise<void> {
  switch (blow) {
    case 'kill':
      return victim.kill(pauseMs);
    case 'replace':
      return victim.replace();
    case 'postgres-crash':
      return signalPostgres(databaseUrl, 'backend', 'SIGKILL');
    case 'postgres-restart':
      return signalPostgres(databaseUrl, 'postmaster', 'SIGINT');
    case 'listeners-cut':
      return cutListeners(databaseUrl);
    default:
      blow satisfies never;
  }
}

/** A killed backend makes Postgres throw everybody out and recover; SIGINT is a shutdown that throws everybody out. */
async function signalPostgres(
  databaseUrl: string,
  whom: 'backend' | 'postmaster',
  signal: NodeJS.Signals,
): Promise<void> {
  await whileAway(async () => {
    await using sql = await connect(databaseUrl);
    const { rows } = await sql.query('SELECT pg_backend_pid() AS pid');
    const backend = rows[0].pid as number;
    process.kill(whom === 'backend' ? backend : await parentOf(backend), signal);
  });
}

async function cutListeners(databaseUrl: string): Promise<void> {
  await whileAway(async () => {
    await using sql = await connect(databaseUrl);
    await sql.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'weft listener'`,
    );
  });
}

/** A Postgres that is down already cannot be brought down. */
async function whileAway(work: () => Promise<void>): Promise<void> {
  await work().catch(() => {});
}

async function parentOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^PPid:\s+(\d+)/m.exec(status)![1]);
}

const FLAWS = {
  'executions that did not end': `SELECT id FROM executions WHERE status NOT IN ('SUCCEEDED', 'FAILED', 'CANCELED')`,
  'journals with a gap': `
    SELECT execution_id FROM execution_events GROUP BY execution_id HAVING count(*) <> max(seq) OR min(seq) <> 1`,
  'nodes that succeeded twice': `
    SELECT execution_id, node_key, item FROM execution_events WHERE type = 'NodeSucceeded'
    GROUP BY execution_id, node_key, item HAVING count(*) > 1`,
  'journals that do not end with the one event that ends them': `
    SELECT execution_id FROM execution_events GROUP BY execution_id
    HAVING array_agg(seq) FILTER (WHERE type IN ('ExecutionSucceeded', 'ExecutionFailed', 'ExecutionCanceled'))
           IS DISTINCT FROM ARRAY[max(seq)]`,
  'executions whose row and journal differ': `
    SELECT id FROM executions JOIN execution_events ON execution_id = id
    WHERE type ~ '^Execution(Succeeded|Failed|Canceled)$' AND upper(substr(type, 10)) <> status`,
};

async function checkJournals(databaseUrl: string, watched: readonly Watched[]): Promise<void> {
  await using sql = await connect(databaseUrl);
  for (const [what, query] of Object.entries(FLAWS)) {
    const { rows } = await sql.query(query);
    if (rows.length > 0) throw new Fault(`There are ${what}: ${JSON.stringify(rows.slice(0, 5))}`);
  }
  const { rows: counted } = await sql.query('SELECT count(*)::int AS executions FROM executions');
  if (counted[0].executions !== watched.length)
    throw new Fault(`${watched.length} executions were asked for, there are ${counted[0].executions}`);
  for (const { executionId, events, expected } of watched) {
    const { rows } = await sql.query<{ type: string }>(
      'SELECT type FROM execution_events WHERE execution_id = $1 ORDER BY seq',
      [executionId],
    );
    const seen = events.map(({ __typename }) => __typename).join(' ');
    if (seen !== rows.map(({ type }) => type).join(' '))
      throw new Fault(`A subscriber of ${executionId} saw what is not in the journal: ${seen}`);
    const { __typename, output } = events.at(-1)!;
    if (__typename === 'ExecutionSucceeded' && JSON.stringify(output) !== JSON.stringify(expected))
      throw new Fault(`${executionId} gave ${JSON.stringify(output)}, not ${JSON.stringify(expected)}`);
  }
  await eventually('no job is left in the queue', async () => {
    const { rows } = await sql.query(
      `SELECT count(*)::int AS left FROM pgboss.job WHERE name = 'executions' AND state IN ('created', 'retry', 'active')`,
    );
    return rows[0].left === 0;
  });
}

function reportOf(blows: Record<string, number>, watched: readonly Watched[]): ChaosReport {
  const endings: Record<string, number> = {};
  let interruptions = 0;
  for (const { events } of watched) {
    const { __typename, error } = events.at(-1)!;
    const ending = error === undefined ? __typename : `${__typename} ${error.code}`;
    endings[ending] = (endings[ending] ?? 0) + 1;
    const starts = events.filter((event) => event.__typename === 'NodeStarted').length;
    const ends = events.filter(({ __typename: type }) =>
      /^Node(Succeeded|Failed|RetryScheduled)$/.test(type),
    ).length;
    interruptions += Math.max(0, starts - ends);
  }
  return {
    blows,
    executions: watched.length,
    endings,
    events: watched.reduce((sum, { events }) => sum + events.length, 0),
    reconnects: watched.reduce((sum, { connections }) => sum + connections - 1, 0),
    interruptions,
    longestMs: Math.max(...watched.map(({ events }) => tookMs(events))),
  };
}

function tookMs(events: Watched['events']): number {
  return Date.parse(events.at(-1)!.occurredAt) - Date.parse(events[0]!.occurredAt);
}
