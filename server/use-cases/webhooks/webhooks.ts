import { randomBytes } from 'node:crypto';
import type { Reach } from '../../auth/principal.ts';
import { hashOf } from '../../auth/token-secret.ts';
import type { Database } from '../../db/database.ts';
import { toPage } from '../../db/page.ts';
import type { Seals } from '../../secrets/seal.ts';
import { WeftError } from '../../shared/errors.ts';
import { newId } from '../../shared/ids.ts';
import {
  findVersion,
  namedWorkflow,
  refuseMissing,
  refuseUnnamed,
  type WorkflowNames,
  workflowOfRow,
} from '../find-version.ts';
import { reachesWorkflowSql, workflowReachValues } from '../reach.ts';
import { refuse, refuseNotFound } from '../refuse.ts';
import type { makeStartUseCases } from '../start.ts';
import type { Execution, Outcome, Page, PageRequest, UserError } from '../types.ts';
import { inputOf } from './delivery-input.ts';
import { lastRequests } from './request-log.ts';
import { signingSecretErrors, webhookErrors } from './validate-webhook.ts';
import {
  placeOf,
  type ReceivingWebhook,
  SELECT_RECEIVING,
  SELECT_WEBHOOKS,
  type Webhook,
  type WebhookInput,
  type WebhookRequest,
  type WebhookWithPath,
} from './webhook.ts';

export interface WebhookDeps {
  database: Database;
  seals: Seals;
  start: ReturnType<typeof makeStartUseCases>['start'];
}

export interface WebhookFilter {
  workflowId?: string | null;
  isEnabled?: boolean | null;
  /** Of whoever asks. */
  reach?: Reach | null;
}

/** Null: those that it has. */
type SigningSecrets = string[] | null;

export const HOOKS_PATH = '/hooks/';
/** A week: so long may the former address go on. */
const MAX_GRACE_SECONDS = 604_800;

export function makeWebhookUseCases({ database, seals, start }: WebhookDeps) {
  const { pool } = database;

  return {
    /** Newest first; a cursor is an id. */
    async list(page: PageRequest, filter: WebhookFilter): Promise<Page<Webhook>> {
      const { size, cursor, isBackward } = page;
      const { rows } = await pool.query<Webhook>(
        `${SELECT_WEBHOOKS}
         WHERE ($1::text IS NULL OR workflow_id = $1) AND ($2::boolean IS NULL OR is_enabled = $2)
           AND ($3::text IS NULL OR id ${isBackward ? '>' : '<'} $3)
           AND ${reachesWorkflowSql('workflow_id', 5)}
         ORDER BY id ${isBackward ? 'ASC' : 'DESC'} LIMIT $4`,
        [
          filter.workflowId ?? null,
          filter.isEnabled ?? null,
          cursor,
          size + 1,
          ...workflowReachValues(filter.reach),
        ],
      );
      return toPage(rows, page);
    },

    get: find,

    async getMany(ids: readonly string[]): Promise<(Webhook | null)[]> {
      const { rows } = await pool.query<Webhook>(`${SELECT_WEBHOOKS} WHERE id = ANY ($1)`, [ids]);
      const byId = new Map(rows.map((row) => [row.id, row]));
      return ids.map((id) => byId.get(id) ?? null);
    },

    /** The last ones, newest first. @param withBodies whether to read what was recorded of them */
    requests: (id: string, withBodies: boolean): Promise<WebhookRequest[]> =>
      lastRequests(pool, id, withBodies),

    async create(
      workflow: WorkflowNames,
      input: WebhookInput,
      signingSecrets: SigningSecrets,
      principal: string,
      project: string | null = null,
    ): Promise<Outcome<WebhookWithPath>> {
      const named = namedWorkflow(workflow, project);
      if (named === null) return refuseUnnamed(workflow);
      const version = await findVersion(pool, named, input.versionNumber);
      if (version === null) return refuseMissing(pool, named, input.versionNumber);
      const userErrors = [
        ...webhookErrors(input),
        ...signingSecretErrors(input.signature, signingSecrets, 0),
      ];
      if (userErrors.length > 0) return { ok: false, userErrors };
      const id = newId('wh');
      const sealed = await sealAll(id, signingSecrets ?? []);
      if (!sealed.ok) return sealed;
      const secret = newAddressSecret();
      await pool.query(INSERT, [
        id,
        ...columnsOf(input),
        sealed.value,
        version.workflowId,
        hashOf(secret),
        principal,
      ]);
      return withPath(id, secret);
    },

    /** Changes what is given. */
    async update(
      id: string,
      change: Partial<WebhookInput>,
      signingSecrets: SigningSecrets,
    ): Promise<Outcome<Webhook>> {
      let problems: Outcome<unknown> | null = null;
      await database.transaction(async (tx) => {
        const [webhook] = (await tx.query(`${SELECT_RECEIVING} WHERE id = $1 FOR UPDATE`, [
          id,
        ])) as ReceivingWebhook[];
        problems = webhook === undefined ? refuseNotFound('webhook', id) : null;
        if (webhook === undefined) return;
        const input = { ...webhook, ...change };
        // Without a signature nothing is left to sign with.
        const given = input.signature === 'NONE' ? (signingSecrets ?? []) : signingSecrets;
        const userErrors = [
          ...webhookErrors(input),
          ...signingSecretErrors(input.signature, given, webhook.signingSecrets),
          ...schemeErrors(webhook, input, given),
          ...(await versionErrors(webhook.workflowId, input)),
        ];
        if (userErrors.length > 0) {
          problems = { ok: false, userErrors };
          return;
        }
        const sealed =
          given === null ? { ok: true as const, value: webhook.sealedSecrets } : await sealAll(id, given);
        if (!sealed.ok) {
          problems = sealed;
          return;
        }
        await tx.query(UPDATE, [id, ...columnsOf(input), sealed.value]);
      });
      return problems ?? found(id);
    },

    async delete(id: string): Promise<Outcome<{ id: string }>> {
      const { rowCount } = await pool.query('DELETE FROM webhooks WHERE id = $1', [id]);
      return rowCount === 1 ? { ok: true, value: { id } } : refuseNotFound('webhook', id);
    },

    /** Gives it a new address. The former one goes on for `graceSeconds`. */
    async rotateSecret(id: string, graceSeconds: number): Promise<Outcome<WebhookWithPath>> {
      if (graceSeconds < 0 || graceSeconds > MAX_GRACE_SECONDS)
        return refuse(
          'INVALID',
          'graceSeconds',
          `Expected \`graceSeconds\` to be an integer from 0 to ${MAX_GRACE_SECONDS}, got ${graceSeconds}.`,
        );
      const secret = newAddressSecret();
      const { rowCount } = await pool.query(ROTATE, [id, hashOf(secret), graceSeconds]);
      return rowCount === 1 ? withPath(id, secret) : refuseNotFound('webhook', id);
    },

    /** Starts an execution with a request that was recorded whole, whatever became of it then. */
    async replay(id: string, requestId: string): Promise<Outcome<Execution>> {
      const webhook = await find(id);
      if (webhook === null) return refuseNotFound('webhook', id);
      const requests = await lastRequests(pool, id, true);
      const request = requests.find((each) => each.id === requestId);
      if (request === undefined) return refuseNotFound('request', requestId, 'requestId');
      const { method, query, headers, body, bodyBytes, deliveryId } = request;
      if (headers === null || body === null || body.length !== bodyBytes)
        return refuse(
          'NOT_RECORDED',
          'requestId',
          'Expected a request that was recorded whole, got one of which the body is missing or cut off. Set `recordUntil`, and have it sent again.',
        );
      const input = inputOf({ method, query: new URLSearchParams(query ?? ''), headers, body, deliveryId });
      const { workflowId, versionNumber } = webhook;
      const trigger = { triggerId: id, scheduledAt: null };
      return start({ workflowId, versionNumber, input, trigger, principal: 'webhook' });
    },
  };

  async function find(id: string): Promise<Webhook | null> {
    const { rows } = await pool.query<Webhook>(`${SELECT_WEBHOOKS} WHERE id = $1`, [id]);
    return rows[0] ?? null;
  }

  async function found(id: string): Promise<Outcome<Webhook>> {
    const webhook = await find(id);
    return webhook === null ? refuseNotFound('webhook', id) : { ok: true, value: webhook };
  }

  async function withPath(id: string, secret: string): Promise<Outcome<WebhookWithPath>> {
    const outcome = await found(id);
    if (!outcome.ok) return outcome;
    return { ok: true, value: { webhook: outcome.value, path: `${HOOKS_PATH}${secret}` } };
  }

  /** Refused where the server has no key. */
  async function sealAll(id: string, secrets: readonly string[]): Promise<Outcome<string[]>> {
    try {
      const sealed = await Promise.all(secrets.map((secret) => seals.seal(secret, placeOf(id))));
      return { ok: true, value: sealed };
    } catch (error) {
      if (error instanceof WeftError) return refuse(error.code, 'signingSecrets', error.message);
      throw error;
    }
  }

  async function versionErrors(workflowId: string, { versionNumber }: WebhookInput): Promise<UserError[]> {
    if (versionNumber === null) return [];
    const workflow = workflowOfRow(workflowId);
    if ((await findVersion(pool, workflow, versionNumber)) !== null) return [];
    return (await refuseMissing(pool, workflow, versionNumber)).userErrors;
  }
}

/** Secrets are of a scheme: those of another one are given with it. */
function schemeErrors(former: Webhook, { signature }: WebhookInput, given: SigningSecrets): UserError[] {
  if (given !== null || signature === former.signature) return [];
  const message = `Expected the signing secret of ${signature}, got none: the secrets that it has are of ${former.signature}.`;
  return [{ code: 'INVALID', field: 'signingSecrets', message }];
}

/** 256 random bits, shown once. */
function newAddressSecret(): string {
  return randomBytes(32).toString('base64url');
}

function columnsOf(input: WebhookInput): unknown[] {
  return [
    input.versionNumber,
    input.name,
    input.methods,
    input.isEnabled,
    input.signature,
    input.toleranceSeconds,
    input.deliveryIdHeader,
    input.respond,
    input.timeoutMs,
    input.maxPerMinute,
    input.recordUntil,
  ];
}

const INSERT = `
  INSERT INTO webhooks (id, version_number, name, methods, is_enabled, signature, tolerance_seconds, delivery_id_header,
                        respond, timeout_ms, max_per_minute, record_until, signing_secrets, workflow_id, secret_hash,
                        principal, created_at, updated_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, now(), now())`;

const UPDATE = `
  UPDATE webhooks SET
    version_number = $2, name = $3, methods = $4, is_enabled = $5, signature = $6, tolerance_seconds = $7,
    delivery_id_header = $8, respond = $9, timeout_ms = $10, max_per_minute = $11, record_until = $12,
    signing_secrets = $13, updated_at = now()
  WHERE id = $1`;

const ROTATE = `
  UPDATE webhooks SET
    former_secret_hash = CASE WHEN $3::int > 0 THEN secret_hash END,
    former_secret_until = CASE WHEN $3::int > 0 THEN now() + $3::int * interval '1 second' END,
    secret_hash = $2, updated_at = now()
  WHERE id = $1`;
