import type { Pool } from 'pg';
import type { Seals } from '../../secrets/seal.ts';
import { coerceError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logger.ts';
import { placeOfSecret } from './secret.ts';

/**
 * Seals the secrets anew that another key has sealed than the one that seals by now, so that the former key can go. Where
 * a secret does not open, it stays, and the log says so.
 */
export async function resealSecrets(pool: Pool, seals: Seals, logger: Logger): Promise<void> {
  const { rows } = await pool.query<{ project: string; name: string; sealed: string }>(
    'SELECT project, name, sealed FROM secrets',
  );
  for (const { project, name, sealed } of rows.filter((row) => seals.isOutdated(row.sealed))) {
    const place = placeOfSecret(project, name);
    try {
      const anew = seals.seal(seals.open(sealed, place), place);
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
