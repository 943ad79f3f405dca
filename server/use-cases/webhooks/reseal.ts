import type { Pool } from 'pg';
import type { Seals } from '../../secrets/seal.ts';
import { coerceError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logger.ts';
import { placeOfEndpoint } from '../deliveries/endpoint.ts';
import { placeOf } from './webhook.ts';

/**
 * Seals the signing secrets anew that another key has sealed than the one that seals by now, so that the former key can
 * go. Where a secret does not open, it stays, and the log says so.
 */
export async function resealSigningSecrets(pool: Pool, seals: Seals, logger: Logger): Promise<void> {
  await resealTable(pool, 'webhooks', placeOf, { seals, logger });
  await resealTable(pool, 'webhook_endpoints', placeOfEndpoint, { seals, logger });
}

async function resealTable(
  pool: Pool,
  table: 'webhooks' | 'webhook_endpoints',
  placeOf: (id: string) => string,
  { seals, logger }: { seals: Seals; logger: Logger },
): Promise<void> {
  const { rows } = await pool.query<{ id: string; sealed: string[] }>(
    `SELECT id, signing_secrets AS sealed FROM ${table} WHERE signing_secrets <> '{}'`,
  );
  for (const { id, sealed } of rows) {
    const place = placeOf(id);
    try {
      const outdated = await Promise.all(sealed.map(seals.isOutdated));
      if (!outdated.includes(true)) continue;
      const anew = await Promise.all(
        sealed.map(async (text) => seals.seal(await seals.open(text, place), place)),
      );
      // Not where a client has set others meanwhile.
      await pool.query(`UPDATE ${table} SET signing_secrets = $3 WHERE id = $1 AND signing_secrets = $2`, [
        id,
        sealed,
        anew,
      ]);
    } catch (error) {
      logger.warn({ err: coerceError(error), webhookId: id }, 'a signing secret could not be sealed anew');
    }
  }
}
