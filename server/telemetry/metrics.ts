import type { Pool } from 'pg';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { channels } from '../shared/channels.ts';

/** What Prometheus scrapes; docs/metrics.md has every name. */
export interface Metrics extends Disposable {
  contentType: string;
  /** In Prometheus' text format. */
  text(): Promise<string>;
}

/** Seconds. A node may take a millisecond or an hour. */
const DURATIONS = [0.005, 0.025, 0.1, 0.5, 1, 5, 15, 60, 300, 3_600];
const WAITS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];

/**
 * Of this process, but for the gauges of executions, which every replica reads from the database alike. Nothing is
 * counted before this is called.
 */
export function openMetrics({ pool }: { pool: Pool }): Metrics {
  const registers = [new Registry()];
  const [registry] = registers as [Registry];
  collectDefaultMetrics({ register: registry });
  const ends: (() => void)[] = [];
  function on<Message>(source: Source<Message>, listener: (message: Message) => void): void {
    source.subscribe(listener);
    ends.push(() => source.unsubscribe(listener));
  }

  const executionsEnded = new Counter({
    name: 'weft_executions_ended_total',
    help: 'Executions that ended in this process, by their status.',
    labelNames: ['status'],
    registers,
  });
  const events = new Counter({
    name: 'weft_journal_events_total',
    help: 'Events that this process committed, by their type.',
    labelNames: ['type'],
    registers,
  });
  const commits = new Histogram({
    name: 'weft_journal_commit_seconds',
    help: 'How long commits of the journal took.',
    buckets: WAITS,
    registers,
  });
  on(channels.commit, ({ types, tookMs }) => {
    commits.observe(tookMs / 1_000);
    for (const type of types) {
      events.inc({ type });
      const status = ENDS[type];
      if (status !== undefined) executionsEnded.inc({ status });
    }
  });

  const attempts = new Histogram({
    name: 'weft_node_duration_seconds',
    help: 'How long attempts of nodes took, by the type of the node and how they ended.',
    labelNames: ['type', 'outcome'],
    buckets: DURATIONS,
    registers,
  });
  on(channels.attempt, ({ type, outcome, durationMs }) =>
    attempts.observe({ type, outcome }, durationMs / 1_000),
  );

  const cells = new Histogram({
    name: 'weft_cell_wait_seconds',
    help: 'How long Python runs waited for a sandbox; `ready` where one was made ahead.',
    labelNames: ['ready'],
    buckets: WAITS,
    registers,
  });
  on(channels.cell, ({ waitMs, isWaiting }) => cells.observe({ ready: String(isWaiting) }, waitMs / 1_000));

  const environments = new Counter({
    name: 'weft_environments_total',
    help: 'Python runs with packages, by whether an interpreter with the packages was up.',
    labelNames: ['found'],
    registers,
  });
  on(channels.environment, ({ found }) => environments.inc({ found: found.toLowerCase() }));

  const lag = new Histogram({
    name: 'weft_event_lag_seconds',
    help: 'How long after it happened an event was given to a live subscriber.',
    buckets: WAITS,
    registers,
  });
  on(channels.delivery, ({ lagMs }) => lag.observe(Math.max(0, lagMs) / 1_000));

  const subscriptions = new Gauge({
    name: 'weft_subscriptions',
    help: 'Subscriptions that are open.',
    registers,
  });
  on(channels.subscription, ({ by }) => subscriptions.inc(by));

  const webhooks = new Histogram({
    name: 'weft_webhook_attempt_seconds',
    help: 'How long attempts to send a change to a webhook endpoint took, by what became of the delivery.',
    labelNames: ['outcome'],
    buckets: DURATIONS,
    registers,
  });
  on(channels.webhook, ({ outcome, tookMs }) => webhooks.observe({ outcome }, tookMs / 1_000));

  registers[0]!.registerMetric(
    new Gauge({
      name: 'weft_database_connections',
      help: 'Connections of the pool to the database, and requests that wait for one.',
      labelNames: ['state'],
      registers: [],
      collect() {
        this.set({ state: 'idle' }, pool.idleCount);
        this.set({ state: 'busy' }, pool.totalCount - pool.idleCount);
        this.set({ state: 'waiting' }, pool.waitingCount);
      },
    }),
  );
  const open = new Gauge({
    name: 'weft_executions',
    help: 'Executions that have not ended, by their status; the same on every replica.',
    labelNames: ['status'],
    registers,
  });
  const queueAge = new Gauge({
    name: 'weft_queue_age_seconds',
    help: 'How long the execution that is QUEUED for longest has been; the same on every replica.',
    registers,
  });

  return {
    contentType: registry.contentType,
    async text() {
      const { rows } = await pool.query<{ status: string; count: number; age: number }>(OPEN);
      open.reset();
      for (const status of ['QUEUED', 'RUNNING', 'WAITING']) open.set({ status }, 0);
      queueAge.set(0);
      for (const { status, count, age } of rows) {
        open.set({ status }, count);
        if (status === 'QUEUED') queueAge.set(age);
      }
      return registry.metrics();
    },
    [Symbol.dispose]() {
      for (const end of ends) end();
      registry.clear();
    },
  };
}

interface Source<Message> {
  subscribe(listener: (message: Message) => void): void;
  unsubscribe(listener: (message: Message) => void): void;
}

const ENDS: Readonly<Record<string, string>> = {
  ExecutionSucceeded: 'SUCCEEDED',
  ExecutionFailed: 'FAILED',
  ExecutionCanceled: 'CANCELED',
};

const OPEN = `
  SELECT status, count(*)::int AS count, extract(epoch FROM now() - min(created_at))::float8 AS age
  FROM executions WHERE status IN ('QUEUED', 'RUNNING', 'WAITING') GROUP BY status`;
