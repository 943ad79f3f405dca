import { setTimeout as delay } from 'node:timers/promises';
import type { LoadWorkflow } from './chaos-workflows.ts';
import type { clientsOf } from './cluster.ts';
import type { Random } from './random.ts';
import type { WatchedEvent } from './weft-client.ts';

/** What one subscriber saw of one execution, over however many connections. */
export interface Watched {
  executionId: string;
  events: WatchedEvent[];
  connections: number;
  /** What the execution gives when it succeeds. */
  expected: unknown;
}

export interface LoadOptions {
  clients: ReturnType<typeof clientsOf>;
  workflows: readonly LoadWorkflow[];
  random: Random;
  /** Executions under way at once. */
  lanes: number;
  /** When to begin no more. */
  signal: AbortSignal;
}

/** Starts executions and watches each to its end, through whatever happens to the servers. */
export async function runLoad(options: LoadOptions): Promise<Watched[]> {
  const { clients, workflows, random, lanes, signal } = options;
  const watched: Watched[] = [];
  const late = makeLate(signal);
  let count = 0;
  const lane = async () => {
    while (!signal.aborted) {
      const input = ++count;
      const workflow = random.pick(workflows);
      const executionId = await start(options, workflow, input, late);
      watched.push(await watch(clients, executionId, workflow.expected(input), late));
      const again = await start(options, workflow, input, late);
      if (again !== executionId)
        throw new Fault(`The key of ${executionId}, which has ended, started ${again} later`);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return watched;
}

/**
 * The key makes it safe to request again when no answer came. It is used up to three times at once, at whatever replicas,
 * and has to give the same execution each time.
 */
async function start(
  { clients, random }: LoadOptions,
  workflow: LoadWorkflow,
  input: number,
  late: AbortSignal,
): Promise<string> {
  const once = () =>
    patiently(`execution ${input} starts`, late, () =>
      clients.any().start(workflow.id, input, { ...workflow.start(input), idempotencyKey: `chaos-${input}` }),
    );
  const ids = new Set(await Promise.all(Array.from({ length: random.pick([1, 2, 3]) }, once)));
  if (ids.size > 1) throw new Fault(`One idempotency key started several executions: ${[...ids]}`);
  return [...ids][0]!;
}

/** Goes on from its cursor, at any replica, whenever its connection breaks. */
async function watch(
  clients: LoadOptions['clients'],
  executionId: string,
  expected: unknown,
  late: AbortSignal,
): Promise<Watched> {
  const events: WatchedEvent[] = [];
  const acts: Promise<void>[] = [];
  let connections = 0;
  await patiently(`execution ${executionId} ends`, late, async () => {
    connections += 1;
    for await (const event of clients.any().events(executionId, events.at(-1)?.cursor ?? null)) {
      const last = events.at(-1)?.sequence ?? 0;
      if (event.sequence !== last + 1)
        throw new Fault(`A subscriber of ${executionId} got ${event.sequence} after ${last}`);
      events.push(event);
      if (event.__typename !== 'NodeWaiting') continue;
      if (event.reason === 'APPROVAL') acts.push(approve(clients, executionId, late));
      if (event.reason === 'FAILURE') acts.push(mend(clients, executionId, late));
    }
    if (!/^Execution(Succeeded|Failed|Canceled)$/.test(events.at(-1)?.__typename ?? ''))
      throw new Error('The subscription completed before the end');
  });
  await Promise.all(acts);
  return { executionId, events, connections, expected };
}

interface Answer {
  userErrors: { code: string }[];
}

/** As a person would: again, where no answer came. An approval that is decided already was decided by the try before. */
function approve(clients: LoadOptions['clients'], executionId: string, late: AbortSignal): Promise<void> {
  return patiently(`the approval of ${executionId} is decided`, late, async () => {
    const weft = clients.any();
    const { approvals } = await weft.query<{ approvals: { nodes: { id: string }[] } }>(
      'query ($id: ID!) { approvals(first: 5, filter: { executionId: $id }) { nodes { id } } }',
      { id: executionId },
    );
    const [approval] = approvals.nodes;
    if (approval === undefined) throw new Error('There is no approval yet.');
    const { approvalResolve } = await weft.query<{ approvalResolve: Answer }>(
      `mutation ($id: ID!) {
        approvalResolve(input: { id: $id, decision: APPROVE, by: "chaos" }) { userErrors { code } }
      }`,
      { id: approval.id },
    );
    requireCodes(approvalResolve, 'ALREADY_RESOLVED', 'ALREADY_ENDED');
  });
}

function mend(clients: LoadOptions['clients'], executionId: string, late: AbortSignal): Promise<void> {
  return patiently(`the failure of ${executionId} is mended`, late, async () => {
    const { executionResume } = await clients
      .any()
      .query<{ executionResume: Answer }>(
        'mutation ($id: ID!) { executionResume(id: $id, action: RETRY) { userErrors { code } } }',
        { id: executionId },
      );
    requireCodes(executionResume, 'NOT_PARKED', 'ALREADY_ENDED');
  });
}

function requireCodes({ userErrors }: Answer, ...known: string[]): void {
  const other = userErrors.find(({ code }) => !known.includes(code));
  if (other !== undefined) throw new Fault(`A decision was refused with ${other.code}`);
}

/** What chaos must not bring about. */
export class Fault extends Error {}

/** While blows are dealt there is no telling how long a run takes; this long after the last of them it must have ended. */
const PATIENCE_MS = 120_000;

function makeLate(over: AbortSignal): AbortSignal {
  const late = new AbortController();
  over.addEventListener('abort', () => setTimeout(() => late.abort(), PATIENCE_MS).unref());
  return late.signal;
}

async function patiently<T>(what: string, late: AbortSignal, work: () => Promise<T>): Promise<T> {
  const tooLate = Promise.withResolvers<never>();
  tooLate.promise.catch(() => {});
  const giveUp = () => tooLate.reject(new Fault(`Expected within ${PATIENCE_MS / 1_000} s: ${what}`));
  late.addEventListener('abort', giveUp, { once: true });
  try {
    for (; ; await delay(50)) {
      try {
        return await Promise.race([work(), tooLate.promise]);
      } catch (error) {
        if (error instanceof Fault) throw error;
      }
    }
  } finally {
    late.removeEventListener('abort', giveUp);
  }
}
