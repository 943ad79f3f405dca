import { randomBytes } from 'node:crypto';
import { DEFAULT_PROJECT } from '../../auth/principal.ts';
import type { Database, Tx } from '../../db/database.ts';
import { toPage } from '../../db/page.ts';
import type { Hub } from '../../journal/hub.ts';
import type { Seals } from '../../secrets/seal.ts';
import { WeftError } from '../../shared/errors.ts';
import { newId } from '../../shared/ids.ts';
import { refuse, refuseNotFound } from '../refuse.ts';
import type { Outcome, Page, PageRequest } from '../types.ts';
import {
  type DeliveryAttempt,
  type DeliveryStatus,
  defaultName,
  type EndpointChange,
  type EndpointInput,
  endpointErrors,
  placeOfEndpoint,
  SELECT_DELIVERIES,
  SELECT_ENDPOINTS,
  type WebhookDelivery,
  type WebhookEndpoint,
} from './endpoint.ts';
import { sampleMessage } from './message.ts';

export interface EndpointWithSecret {
  endpoint: WebhookEndpoint;
  /** `whsec_…`, shown this once. */
  secret: string;
}

export interface EndpointFilter {
  project?: string | null;
}

export interface DeliveryFilter extends EndpointFilter {
  endpointId?: string | null;
  status?: DeliveryStatus | null;
}

/** A week. */
const MAX_GRACE_SECONDS = 604_800;
const MAX_ENDPOINTS = 100;

/** Where changes are sent, and what is and was sent there. Sending is in sender.ts. */
export function makeDeliveryUseCases({
  database,
  hub,
  seals,
}: {
  database: Database;
  hub: Hub;
  seals: Seals;
}) {
  const { pool } = database;

  return {
    /** Newest first; a cursor is an id. */
    async endpoints(page: PageRequest, { project }: EndpointFilter = {}): Promise<Page<WebhookEndpoint>> {
      const { size, cursor, isBackward } = page;
      const { rows } = await pool.query<WebhookEndpoint>(
        `${SELECT_ENDPOINTS} WHERE ($1::text IS NULL OR project = $1) AND ($2::text IS NULL OR id ${isBackward ? '>' : '<'} $2)
         ORDER BY id ${isBackward ? 'ASC' : 'DESC'} LIMIT $3`,
        [project ?? null, cursor, size + 1],
      );
      return toPage(rows, page);
    },

    endpoint: find,

    async create(
      input: EndpointInput,
      principal: string,
      project: string = DEFAULT_PROJECT,
    ): Promise<Outcome<EndpointWithSecret>> {
      const userErrors = endpointErrors(input);
      if (userErrors.length > 0) return { ok: false, userErrors };
      const id = newId('whe');
      const secret = newSecret();
      const sealed = await seal(id, secret);
      if (!sealed.ok) return sealed;
      const isFull = await database.transaction(async (tx) => {
        const [{ count }] = (await tx.query(
          'SELECT count(*)::int AS count FROM webhook_endpoints WHERE project = $1',
          [project],
        )) as [{ count: number }];
        if (count >= MAX_ENDPOINTS) return true;
        await beginHere(tx);
        await tx.query(INSERT, [id, ...columnsOf(input), [sealed.value], principal, project]);
        return false;
      });
      if (isFull)
        return refuse(
          'TOO_MANY',
          'url',
          `Expected at most ${MAX_ENDPOINTS} endpoints, got another one. Delete one.`,
        );
      hub.wake('delivery', ''); // workers sleep while there is none
      return { ok: true, value: { endpoint: (await find(id))!, secret } };
    },

    /** Changes what is given. What is enabled again gets what happens from then on, and what was pending. */
    async update(id: string, change: EndpointChange): Promise<Outcome<WebhookEndpoint>> {
      let refused: Outcome<never> | null = null;
      await database.transaction(async (tx) => {
        const [endpoint] = (await tx.query(`${SELECT_ENDPOINTS} WHERE id = $1 FOR UPDATE`, [
          id,
        ])) as WebhookEndpoint[];
        const input = endpoint && changed(endpoint, change);
        const userErrors = input === undefined ? [] : endpointErrors(input);
        if (endpoint === undefined) refused = refuseNotFound('webhook endpoint', id);
        else if (userErrors.length > 0) refused = { ok: false, userErrors };
        else {
          if (input!.isEnabled && !endpoint.isEnabled) await beginHere(tx);
          await tx.query(UPDATE, [id, ...columnsOf(input!)]);
        }
      });
      return refused ?? found(id);
    },

    /** With its log. */
    async delete(id: string): Promise<Outcome<{ id: string }>> {
      const { rowCount } = await pool.query('DELETE FROM webhook_endpoints WHERE id = $1', [id]);
      return rowCount === 1 ? { ok: true, value: { id } } : refuseNotFound('webhook endpoint', id);
    },

    /** Gives it a new secret. For `graceSeconds` requests are signed with the former one as well. */
    async rotateSecret(id: string, graceSeconds: number): Promise<Outcome<EndpointWithSecret>> {
      if (graceSeconds < 0 || graceSeconds > MAX_GRACE_SECONDS)
        return refuse(
          'INVALID',
          'graceSeconds',
          `Expected \`graceSeconds\` to be an integer from 0 to ${MAX_GRACE_SECONDS}, got ${graceSeconds}.`,
        );
      const secret = newSecret();
      const sealed = await seal(id, secret);
      if (!sealed.ok) return sealed;
      await pool.query(ROTATE, [id, sealed.value, graceSeconds]);
      const outcome = await found(id);
      return outcome.ok ? { ok: true, value: { endpoint: outcome.value, secret } } : outcome;
    },

    /** Sends a sample, also where the endpoint is disabled. */
    async test(id: string): Promise<Outcome<WebhookDelivery>> {
      const { id: messageId, type, payload } = sampleMessage(id);
      const deliveryId = newId('dlv');
      const { rowCount } = await pool.query(INSERT_SAMPLE, [deliveryId, id, messageId, type, payload]);
      hub.wake('delivery', '');
      return rowCount === 1 ? foundDelivery(deliveryId) : refuseNotFound('webhook endpoint', id);
    },

    /** Newest first; a cursor is an id. */
    async list(
      page: PageRequest,
      { endpointId, status, project }: DeliveryFilter,
    ): Promise<Page<WebhookDelivery>> {
      const { size, cursor, isBackward } = page;
      const { rows } = await pool.query<WebhookDelivery>(
        `${SELECT_DELIVERIES} WHERE ($1::text IS NULL OR endpoint_id = $1) AND ($2::text IS NULL OR status = $2)
           AND ($5::text IS NULL OR project = $5)
           AND ($3::text IS NULL OR id ${isBackward ? '>' : '<'} $3)
         ORDER BY id ${isBackward ? 'ASC' : 'DESC'} LIMIT $4`,
        [endpointId ?? null, status ?? null, cursor, size + 1, project ?? null],
      );
      return toPage(await withAttempts(rows), page);
    },

    delivery: findDelivery,

    /** Sends it again, with all its attempts anew, whatever became of it. */
    async redeliver(id: string): Promise<Outcome<WebhookDelivery>> {
      const { rows } = await pool.query<{ isClaimed: boolean; isSent: boolean }>(REDELIVER, [id]);
      if (rows[0] === undefined) return refuseNotFound('delivery', id);
      if (rows[0].isClaimed)
        return refuse('IN_PROGRESS', 'id', `Delivery ${id.slice(0, 100)} is being sent right now.`);
      if (!rows[0].isSent)
        return refuse(
          'ENDPOINT_DISABLED',
          'id',
          `The endpoint of delivery ${id.slice(0, 100)} is disabled. Enable it first.`,
        );
      hub.wake('delivery', '');
      return foundDelivery(id);
    },
  };

  async function find(id: string): Promise<WebhookEndpoint | null> {
    const { rows } = await pool.query<WebhookEndpoint>(`${SELECT_ENDPOINTS} WHERE id = $1`, [id]);
    return rows[0] ?? null;
  }

  async function found(id: string): Promise<Outcome<WebhookEndpoint>> {
    const endpoint = await find(id);
    return endpoint === null ? refuseNotFound('webhook endpoint', id) : { ok: true, value: endpoint };
  }

  async function findDelivery(id: string): Promise<WebhookDelivery | null> {
    const { rows } = await pool.query<WebhookDelivery>(`${SELECT_DELIVERIES} WHERE d.id = $1`, [id]);
    return (await withAttempts(rows))[0] ?? null;
  }

  async function foundDelivery(id: string): Promise<Outcome<WebhookDelivery>> {
    const delivery = await findDelivery(id);
    return delivery === null ? refuseNotFound('delivery', id) : { ok: true, value: delivery };
  }

  async function withAttempts(deliveries: Omit<WebhookDelivery, 'attempts'>[]): Promise<WebhookDelivery[]> {
    const { rows } = await pool.query<DeliveryAttempt & { id: string }>(ATTEMPTS, [
      deliveries.map(({ id }) => id),
    ]);
    return deliveries.map((delivery) => ({
      ...delivery,
      attempts: rows.filter(({ id }) => id === delivery.id).map(({ id: _, ...attempt }) => attempt),
    }));
  }

  /** Refused where the server has no key. */
  async function seal(id: string, secret: string): Promise<Outcome<string>> {
    try {
      return { ok: true, value: await seals.seal(secret, placeOfEndpoint(id)) };
    } catch (error) {
      if (error instanceof WeftError) return refuse(error.code, 'url', error.message);
      throw error;
    }
  }
}

/** While no endpoint is enabled, nobody reads the feed: whoever enables one begins where the feed ends by then. */
async function beginHere(tx: Tx): Promise<void> {
  await tx.query(`
    INSERT INTO webhook_dispatch (txid, execution_id, sequence)
    SELECT pg_snapshot_xmin(pg_current_snapshot()), '', 0
    WHERE NOT EXISTS (SELECT FROM webhook_endpoints WHERE is_enabled)
    ON CONFLICT (is_only) DO UPDATE SET txid = excluded.txid, execution_id = '', sequence = 0`);
}

function newSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}

/** The URL may change as well, which a default name follows. */
function changed(endpoint: WebhookEndpoint, change: EndpointChange): WebhookEndpoint {
  const { name = endpoint.name, ...others } = change;
  const input = { ...endpoint, ...others };
  return { ...input, name: name ?? defaultName(input.url) };
}

function columnsOf({ name, url, types, workflowKeys, labels, isEnabled }: EndpointInput): unknown[] {
  return [
    name,
    url,
    [...new Set(types)],
    workflowKeys && [...new Set(workflowKeys)],
    labels && JSON.stringify(labels),
    isEnabled,
  ];
}

const INSERT = `
  INSERT INTO webhook_endpoints (id, name, url, types, workflow_keys, labels, is_enabled, signing_secrets, principal,
                                 project, from_txid, disabled_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, pg_current_xact_id(), CASE WHEN NOT $7 THEN now() END)`;

const UPDATE = `
  UPDATE webhook_endpoints SET
    name = $2, url = $3, types = $4, workflow_keys = $5, labels = $6, is_enabled = $7, updated_at = now(),
    from_txid = CASE WHEN $7 AND NOT is_enabled THEN pg_current_xact_id() ELSE from_txid END,
    failing_since = CASE WHEN $7 AND NOT is_enabled THEN NULL ELSE failing_since END,
    disabled_at = CASE WHEN NOT $7 THEN coalesce(disabled_at, now()) END,
    disabled_reason = CASE WHEN NOT $7 THEN disabled_reason END
  WHERE id = $1`;

const ROTATE = `
  UPDATE webhook_endpoints SET
    signing_secrets = CASE WHEN $3::int > 0 THEN ARRAY[$2, signing_secrets[1]] ELSE ARRAY[$2] END,
    former_secret_until = CASE WHEN $3::int > 0 THEN now() + $3::int * interval '1 second' END, updated_at = now()
  WHERE id = $1`;

const INSERT_SAMPLE = `
  INSERT INTO webhook_deliveries (id, project, endpoint_id, message_id, type, payload, next_attempt_at)
  SELECT $1, project, id, $3, $4, $5, now() FROM webhook_endpoints WHERE id = $2`;

const ATTEMPTS = `
  SELECT delivery_id AS id, number, started_at AS "startedAt", duration_ms AS "durationMs",
         http_status AS "httpStatus", error, response
  FROM webhook_attempts WHERE delivery_id = ANY ($1) ORDER BY delivery_id, number`;

const REDELIVER = `
  WITH target AS (
    SELECT d.id, coalesce(claimed_until > now(), false) AS is_claimed, is_enabled OR execution_id IS NULL AS is_sent
    FROM webhook_deliveries d JOIN webhook_endpoints e ON e.id = endpoint_id WHERE d.id = $1 FOR UPDATE OF d
  ), sent AS (
    UPDATE webhook_deliveries d SET status = 'PENDING', tries = 0, next_attempt_at = now(), claimed_until = NULL,
      finished_at = NULL
    FROM target WHERE d.id = target.id AND NOT is_claimed AND is_sent
  )
  SELECT is_claimed AS "isClaimed", is_sent AS "isSent" FROM target`;
