import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';
import { openListener } from '../db/listener.ts';
import { retryWhileDisconnected } from '../db/retry-while-disconnected.ts';
import type { Logger } from '../shared/logger.ts';
import { watchMissedWakeUps } from './missed-wakeups.ts';

/**
 * Wake-ups, within this process at once and to the other replicas by a coalesced NOTIFY. A wake-up carries no data and
 * may be lost: a woken listener reads the tables, which are the truth. After a gap in listening, and at intervals
 * because a wake-up may have been lost (missed-wakeups.ts), every listener is woken.
 *
 * NOTIFY is sent outside the transaction that it announces, because it takes a lock over the whole cluster at commit.
 */
export interface Hub extends AsyncDisposable {
  wake(topic: Topic, id: string): void;
  /** `id` narrows to one execution. Returns the releaser. */
  listen(topic: Topic, id: string | undefined, listener: WakeListener): () => void;
}

/**
 * journal: events were committed. status: an execution's row changed. queue: there is an execution to claim. request: an
 * execution has a signal, or is to be cancelled. violation: the audit trail has grown. approval: an approval was opened,
 * decided on or closed. token: a token was revoked. project: what a project may use has changed. change: a journal has what others want to know of and no other topic
 * is woken for, such as a failure that was parked. delivery: there is something to send to an endpoint.
 */
export type Topic =
  | 'journal'
  | 'status'
  | 'queue'
  | 'request'
  | 'violation'
  | 'approval'
  | 'token'
  | 'project'
  | 'change'
  | 'delivery';
/**
 * Gets the id, or undefined when wake-ups may have been lost; whether the wake-up comes from this process; and, where
 * the journal's end was read, its last sequence: a listener that has read so far need not read again.
 */
export type WakeListener = (
  id: string | undefined,
  origin: 'local' | 'remote',
  lastSequence?: number,
) => void;

const CHANNEL = 'weft_wake';
/** Postgres refuses payloads of 8000 bytes and more. */
const MAX_PAYLOAD_BYTES = 7_900;

export function openHub(options: { pool: Pool; url: string; replicaId: string; logger: Logger }): Hub {
  const local = new Map<string, Set<WakeListener>>();
  const outbox = makeOutbox(options);

  /** The fault of one listener must not keep the others asleep, nor fail what wakes them. */
  const call = (listener: WakeListener, ...wakeUp: Parameters<WakeListener>) => {
    try {
      listener(...wakeUp);
    } catch (error) {
      options.logger.error({ err: error }, 'a listener of the hub failed');
    }
  };

  const dispatch = (topic: string, id: string, origin: 'local' | 'remote', lastSequence?: number) => {
    // A wake-up without an id, as the queue's, has one key and not two.
    for (const key of new Set([`${topic}/${id}`, `${topic}/`])) {
      for (const listener of local.get(key) ?? []) call(listener, id, origin, lastSequence);
    }
  };

  const listener = openListener({
    url: options.url,
    channel: CHANNEL,
    logger: options.logger,
    onNotification(payload) {
      const [from, ...names] = payload.split(' ');
      if (from === options.replicaId) return;
      for (const name of names) {
        const slash = name.indexOf('/');
        dispatch(name.slice(0, slash), name.slice(slash + 1), 'remote');
      }
    },
    onGap() {
      for (const listeners of local.values())
        for (const listener of listeners) call(listener, undefined, 'remote');
    },
  });

  const missedWakeUps = watchMissedWakeUps({
    ...options,
    followed: () => [...local.keys()].filter(isOneJournal).map((key) => key.slice(JOURNALS.length)),
    onLook(ends) {
      for (const { id, last } of ends) dispatch('journal', id, 'remote', last);
      for (const topic of ['status', 'violation']) {
        for (const listener of local.get(`${topic}/`) ?? []) call(listener, undefined, 'remote');
      }
    },
  });

  return {
    wake(topic, id) {
      dispatch(topic, id, 'local');
      outbox.add(`${topic}/${id}`);
    },
    listen(topic, id, onWake) {
      const key = `${topic}/${id ?? ''}`;
      const listeners = local.get(key) ?? new Set();
      local.set(key, listeners.add(onWake));
      return () => {
        listeners.delete(onWake);
        if (listeners.size === 0 && local.get(key) === listeners) local.delete(key);
      };
    },
    async [Symbol.asyncDispose]() {
      missedWakeUps[Symbol.dispose]();
      await outbox[Symbol.asyncDispose]();
      await listener[Symbol.asyncDispose]();
    },
  };
}

const JOURNALS = 'journal/';

function isOneJournal(key: string): boolean {
  return key.startsWith(JOURNALS) && key.length > JOURNALS.length;
}

/**
 * How long wake-ups gather before they are sent, milliseconds: a burst of commits becomes one NOTIFY, and the statements
 * that a run waits for go first. It delays the other replicas only.
 */
const GATHER_MS = 10;

/**
 * At most one NOTIFY is on its way; names added meanwhile go, without repeats, with the next. A NOTIFY that fails while
 * the database is unreachable is sent when it is back: the connections of other replicas may have been fine.
 */
function makeOutbox({ pool, replicaId, logger }: { pool: Pool; replicaId: string; logger: Logger }) {
  let waiting = new Set<string>();
  let sending: Promise<void> | null = null;
  const closing = new AbortController();

  async function send(): Promise<void> {
    while (waiting.size > 0) {
      await delay(GATHER_MS);
      const names = waiting;
      waiting = new Set();
      for (const payload of payloads(replicaId, names)) {
        await retryWhileDisconnected(
          () => pool.query({ name: 'weft-notify', text: NOTIFY, values: [CHANNEL, payload] }),
          closing.signal,
        ).catch((error) => logger.debug({ err: error }, 'a NOTIFY could not be sent'));
      }
    }
    sending = null;
  }

  return {
    add(name: string) {
      waiting.add(name);
      sending ??= send();
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      await sending;
    },
  };
}

const NOTIFY = 'SELECT pg_notify($1, $2)';

function* payloads(replicaId: string, names: Iterable<string>): Generator<string> {
  let payload = replicaId;
  for (const name of names) {
    if (payload.length + 1 + name.length > MAX_PAYLOAD_BYTES) {
      yield payload;
      payload = replicaId;
    }
    payload += ` ${name}`;
  }
  if (payload !== replicaId) yield payload;
}
