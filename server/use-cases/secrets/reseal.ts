import type { Pool } from 'pg';
import type { Seals } from '../../secrets/seal.ts';
import { coerceError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logger.ts';
import { resealSigningSecrets } from '../webhooks/reseal.ts';
import { placeOfSecret } from './secret.ts';

/** What the API does when it starts. Where a key service does not answer, the next start does it. */
export async function resealAll({
  pool,
  seals,
  logger,
}: {
  pool: Pool;
  seals: Seals;
  logger: Logger;
}): Promise<void> {
  try {
    await seals.renew();
  } catch (error) {
    logger.warn(
      { err: coerceError(error) },
      'whether secrets are to be sealed anew is looked at by the next start',
    );
    return;
  }
  await resealSigningSecrets(pool, seals, logger);
  await resealSecrets(pool, seals, logger);
}

/**
 * Seals the secrets anew that another key has sealed than the one that seals by now, so that the former key can go. Where
 * a secret does not open, it stays, and the log says so.
 */
async function resealSecrets(pool: Pool, seals: Seals, logger: Logger): Promise<void> {
  const { rows } = await pool.query<{ project: string; name: string; sealed: string }>(
    'SELECT project, name, sealed FROM secrets',
  );
  for (const { project, name, sealed } of rows) {
    const place = placeOfSecret(project, name);
    try {
      if (!(await seals.isOutdated(sealed))) continue;
      const anew = await seals.seal(await seals.open(sealed, place), place);
      // Not where a client has set another value meanwhile.
      await pool.query('UPDATE secrets SET sealed = $4 WHERE project = $1 AND name = $2 AND sealed = $3', [
        project,
        name,
        sealed,
        anew,
      ]);
    } catch (error) {
      logger.warn({ err: coerceError(error), project, secret: name }, 'a secret could not be sealed anew');
    }
  }
}
