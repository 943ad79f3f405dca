import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { startEmbeddedPostgres } from '../../server/db/embedded-postgres.ts';
import { makeLogger } from '../../server/shared/logger.ts';
import { type ChaosReport, checkJournals, reportOf } from './chaos-checks.ts';
import { runLoad } from './chaos-load.ts';
import { openOutside } from './chaos-outside.ts';
import { makeWorkflows } from './chaos-workflows.ts';
import { clientsOf, type Member, startMember } from './cluster.ts';
import { makeRandom, type Random } from './random.ts';
import { connect } from './sql.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';
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

/**
 * Three replicas (an API, a worker, and both in one) on a Postgres of their own, of which the clocks are seconds apart, and
 * two sandbox services behind proxies, under a load that uses every kind of node, join and wait, while processes are killed, connections cut and Postgres restarted at random moments. Throws a
 * Fault when an execution does not end or gives what it should not, a journal is not dense, a node succeeded twice, or a
 * subscriber missed or doubled an event.
 */
export async function chaos(options: ChaosOptions): Promise<ChaosReport> {
  await using opened = new AsyncDisposableStack();
  // Two of them: how the load fares must not change what blows are dealt.
  const [blowing, loading] = [makeRandom(options.seed), makeRandom(options.seed + 1)];
  const dataFolder = opened.use(await makeTempFolder()).path;
  const postgres = opened.use(await startEmbeddedPostgres({ dataFolder, logger: makeLogger('silent') }));
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => {});
  const onLost = failure.reject;
  const services = await startServices(opened, onLost);
  const outside = opened.use(await openOutside());
  const replicas = await startReplicas(postgres.url, services, outside.host, opened, onLost);
  const clients = opened.use(clientsOf(replicas.filter(servesApi), loading.pick));
  const world = { databaseUrl: postgres.url, replicas, services, onLost };

  const workflows = await makeWorkflows(clients, outside.host);
  const over = new AbortController();
  const load = runLoad({ clients, workflows, random: loading, lanes: options.lanes, signal: over.signal });
  const dealt = dealBlows(options, blowing, world, over.signal);
  try {
    const blows = await Promise.race([dealt, load.then(() => ({})), failure.promise]);
    over.abort();
    const watched = await Promise.race([load, failure.promise]);
    await checkJournals(postgres.url, watched, outside.effects);
    return reportOf(blows, watched);
  } finally {
    over.abort();
    await Promise.allSettled([dealt]); // a member that comes back later would outlive its disposal
  }
}

/** What there is to deal blows to. */
interface World {
  databaseUrl: string;
  replicas: Member[];
  services: { member: Member; proxy: TcpProxy }[];
  /** A member has ended without a blow, or has not come back after one. */
  onLost: (error: Error) => void;
}

async function startServices(
  opened: AsyncDisposableStack,
  onLost: World['onLost'],
): Promise<World['services']> {
  return Promise.all(
    ['sandbox 1', 'sandbox 2'].map(async (name) => {
      const member = opened.use(await startMember(name, { env: { WEFT_ROLES: 'sandbox' }, onLost }));
      return { member, proxy: opened.use(await startTcpProxy(new URL(member.url).origin)) };
    }),
  );
}

const SKEWED = `--import ${new URL('skew-clock.js', import.meta.url).href}`;

/**
 * The worker of `both` has few places, so that most executions start while none is free. An execution goes from a worker
 * whose clock is ahead to one whose clock is behind, and back.
 */
const ROLES: Record<string, Record<string, string>> = {
  api: { WEFT_ROLES: 'api' },
  both: {
    WEFT_ROLES: 'api,worker',
    WEFT_WORKER_CONCURRENCY: '2',
    ...{ NODE_OPTIONS: SKEWED, WEFT_TEST_CLOCK_SKEW_MS: '3000' },
  },
  worker: { WEFT_ROLES: 'worker', NODE_OPTIONS: SKEWED, WEFT_TEST_CLOCK_SKEW_MS: '-3000' },
};

async function startReplicas(
  databaseUrl: string,
  services: World['services'],
  outside: string,
  opened: AsyncDisposableStack,
  onLost: World['onLost'],
): Promise<Member[]> {
  const env = {
    PYTHON_SERVICE_URL: services.map(({ proxy }) => proxy.url).join(','),
    WEFT_SHUTDOWN_GRACE_SECONDS: '1',
    WEFT_HTTP_ALLOWED_HOSTS: outside,
  };
  return Promise.all(
    Object.entries(ROLES).map(async ([name, roles]) =>
      opened.use(await startMember(name, { databaseUrl, env: { ...env, ...roles }, onLost })),
    ),
  );
}

function servesApi({ name }: Member): boolean {
  return name !== 'worker';
}

type Blow =
  | 'kill'
  | 'replace'
  | 'cut a listener'
  | 'cut a service midway'
  | 'crash Postgres'
  | 'restart Postgres';

/** Mostly kills; each of the others now and then. */
const BLOWS: Blow[] = [
  ...Array<Blow>(13).fill('kill'),
  'replace',
  'cut a listener',
  ...Array<Blow>(2).fill('cut a service midway'),
  'crash Postgres',
  'restart Postgres',
];

async function dealBlows(
  { blows, everyMs }: ChaosOptions,
  random: Random,
  world: World,
  signal: AbortSignal,
): Promise<Record<string, number>> {
  const dealt: Record<string, number> = {};
  const recovering: Promise<void>[] = [];
  for (let n = 0; n < blows; n++) {
    await delay(random.between(0.3, 1.7) * everyMs, undefined, { signal });
    const blow = random.pick(BLOWS);
    const victim = pickVictim(world, random);
    const name = blow === 'kill' || blow === 'replace' ? `${blow} ${victim.name}` : blow;
    dealt[name] = (dealt[name] ?? 0) + 1;
    recovering.push(deal(blow, victim, world, random).catch(world.onLost));
  }
  await Promise.all(recovering);
  return dealt;
}

function pickVictim({ replicas, services }: World, random: Random): Member {
  const all = [...replicas, ...services.map(({ member }) => member)];
  const up = all.filter((member) => member.up);
  return random.pick(up.length > 0 ? up : all);
}

async function deal(blow: Blow, victim: Member, world: World, random: Random): Promise<void> {
  switch (blow) {
    case 'kill':
      return victim.kill(random.between(0, 500));
    case 'replace':
      return victim.replace();
    case 'cut a listener':
      return cutListeners(world.databaseUrl);
    case 'cut a service midway':
      return random.pick(world.services).proxy.cut();
    case 'crash Postgres':
      return signalPostgres(world.databaseUrl, 'backend', 'SIGKILL');
    case 'restart Postgres':
      return signalPostgres(world.databaseUrl, 'postmaster', 'SIGINT');
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
