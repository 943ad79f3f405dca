import type { Pool } from 'pg';
import { NodeFailure } from '../../nodes/definition.ts';
import type { OpenSecrets, SecretSource } from '../../nodes/secret-source.ts';
import type { Seals } from '../../secrets/seal.ts';
import { WeftError } from '../../shared/errors.ts';
import { maskerOf } from '../../shared/masking/masker.ts';
import { placeOfSecret } from './secret.ts';

/** The items of a list, and nodes that run at once, share what was read: a value that is replaced counts from then on. */
const SHARED_MS = 1_000;
/** Of one node: each of its characters is looked for in all that the node emits. */
const MAX_TOTAL_CHARACTERS = 65_536;

interface Row {
  name: string;
  sealed: string;
  wasUsed: boolean;
}

/** What opens secrets, for the engine alone: the secrets of each project. */
export function makeSecretSources({ pool, seals }: { pool: Pool; seals: Seals }) {
  const shared = new Map<string, Promise<OpenSecrets>>();
  return (project: string): SecretSource => ({
    open(names) {
      const key = JSON.stringify([project, ...names]);
      let opening = shared.get(key);
      if (opening === undefined) {
        opening = open(project, names);
        shared.set(key, opening);
        setTimeout(() => shared.delete(key), SHARED_MS).unref();
      }
      return opening;
    },
  });

  async function open(project: string, names: readonly string[]): Promise<OpenSecrets> {
    const { rows } = await pool.query<Row>(READ, [project, names]);
    const missing = names.filter((name) => !rows.some((row) => row.name === name));
    if (missing.length > 0)
      throw new NodeFailure({
        code: 'SECRET_NOT_FOUND',
        message: `There is no secret ${missing.join(', ')}. Set it by \`secretSet\`, or on the page Access of the console.`,
      });
    const sealed = new Map(rows.map((row) => [row.name, row]));
    const values = Object.fromEntries(
      await Promise.all(names.map(async (name) => [name, await opened(project, sealed.get(name)!)] as const)),
    );
    const characters = Object.values(values).reduce((sum, { length }) => sum + length, 0);
    if (characters > MAX_TOTAL_CHARACTERS)
      throw new NodeFailure({
        code: 'SECRETS_TOO_LARGE',
        message: `Expected secrets of at most ${MAX_TOTAL_CHARACTERS} characters together in one node, got ${characters}.`,
      });
    if (rows.some(({ wasUsed }) => !wasUsed)) await pool.query(TOUCH, [project, names]);
    return { values, masker: maskerOf(values) };
  }

  async function opened(project: string, { name, sealed }: Row): Promise<string> {
    try {
      return await seals.open(sealed, placeOfSecret(project, name));
    } catch (error) {
      if (!(error instanceof WeftError)) throw error;
      const { code, message } = error;
      throw new NodeFailure({ code, message, retryable: code === 'SECRETS_KEY_UNAVAILABLE' });
    }
  }
}

const READ = `
  SELECT name, sealed, coalesce(last_used_at > now() - interval '1 minute', false) AS "wasUsed"
  FROM secrets WHERE project = $1 AND name = ANY ($2)`;

/** Replicas may come together. */
const TOUCH = `
  UPDATE secrets SET last_used_at = now()
  WHERE project = $1 AND name = ANY ($2) AND (last_used_at IS NULL OR last_used_at <= now() - interval '1 minute')`;
