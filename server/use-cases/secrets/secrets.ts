import type { Pool } from 'pg';
import { DEFAULT_PROJECT } from '../../auth/principal.ts';
import { fromStored } from '../../nodes/draft.ts';
import type { NodeRegistry } from '../../nodes/registry.ts';
import { SECRET_NAME, secretsOf } from '../../nodes/secrets.ts';
import type { Seals } from '../../secrets/seal.ts';
import { WeftError } from '../../shared/errors.ts';
import { MIN_MASKED_CHARACTERS } from '../../shared/masking/forms.ts';
import { refuse, refuseNotFound } from '../refuse.ts';
import type { Outcome, UserError } from '../types.ts';
import { placeOfSecret, SECRET_FIELDS, type Secret } from './secret.ts';

export interface SecretDeps {
  pool: Pool;
  registry: NodeRegistry;
  seals: Seals;
}

export type SecretUseCases = ReturnType<typeof makeSecretUseCases>;

/** Of a project. They are listed at once, and a thousand is more than anybody looks after. */
const MAX_SECRETS = 1_000;
const MAX_VALUE_BYTES = 65_536;

/** Values go in and never come out: what uses them is the engine alone (secret-source.ts). */
export function makeSecretUseCases({ pool, registry, seals }: SecretDeps) {
  return {
    /** By name. */
    async list(project = DEFAULT_PROJECT): Promise<Secret[]> {
      const { rows } = await pool.query<Secret>(
        `SELECT ${SECRET_FIELDS} FROM secrets WHERE project = $1 ORDER BY name`,
        [project],
      );
      return rows;
    },

    get: find,

    /** Makes it, or replaces its value. What runs already keeps the former one for as long as its node's attempt goes on. */
    async set(
      name: string,
      value: string,
      principal: string,
      project = DEFAULT_PROJECT,
    ): Promise<Outcome<Secret>> {
      const userErrors = [...nameErrors(name), ...valueErrors(value)];
      if (userErrors.length > 0) return { ok: false, userErrors };
      let sealed: string;
      try {
        sealed = await seals.seal(value, placeOfSecret(project, name));
      } catch (error) {
        if (error instanceof WeftError) return refuse(error.code, 'value', error.message);
        throw error;
      }
      const { rows } = await pool.query<Secret>(SET, [project, name, sealed, principal]);
      return rows[0] === undefined
        ? refuse(
            'TOO_MANY',
            'name',
            `Expected at most ${MAX_SECRETS} secrets, and they are there. Delete one.`,
          )
        : { ok: true, value: rows[0] };
    },

    async delete(name: string, project = DEFAULT_PROJECT): Promise<Outcome<{ name: string }>> {
      const { rowCount } = await pool.query('DELETE FROM secrets WHERE project = $1 AND name = $2', [
        project,
        name,
      ]);
      return rowCount === 1 ? { ok: true, value: { name } } : refuseNotFound('secret', name, 'name');
    },

    /** The ids of the workflows whose latest version uses each of these, in the order of the names; newest first. */
    async usedBy(names: readonly string[], project = DEFAULT_PROJECT): Promise<string[][]> {
      const { rows } = await pool.query<{ id: string; definition: never }>(USERS, [project]);
      const users = rows.map(({ id, definition }) => {
        const used = fromStored(definition).nodes.flatMap(({ type, config }) => {
          const node = registry.get(type);
          return node === undefined ? [] : secretsOf(node, config).map(({ name }) => name);
        });
        return { id, names: new Set(used) };
      });
      return names.map((name) => users.filter((user) => user.names.has(name)).map(({ id }) => id));
    },
  };

  async function find(name: string, project = DEFAULT_PROJECT): Promise<Secret | null> {
    const { rows } = await pool.query<Secret>(
      `SELECT ${SECRET_FIELDS} FROM secrets WHERE project = $1 AND name = $2`,
      [project, name],
    );
    return rows[0] ?? null;
  }
}

/** Of names, those that a secret of a project has. */
export function makeSecretNames(pool: Pool) {
  return async (names: readonly string[], project: string): Promise<ReadonlySet<string>> => {
    const { rows } = await pool.query<{ name: string }>(
      'SELECT name FROM secrets WHERE project = $1 AND name = ANY ($2)',
      [project, names],
    );
    return new Set(rows.map(({ name }) => name));
  };
}

function nameErrors(name: string): UserError[] {
  if (SECRET_NAME.test(name)) return [];
  const message = `Expected a name of 1 to 100 letters A to Z, digits and _, which begins with a letter, such as API_KEY, got ${JSON.stringify(name.slice(0, 100))}.`;
  return [{ code: 'INVALID', field: 'name', message }];
}

/** Without the value in any message. */
function valueErrors(value: string): UserError[] {
  const invalid = (message: string): UserError[] => [{ code: 'INVALID', field: 'value', message }];
  const bytes = Buffer.byteLength(value);
  if (bytes > MAX_VALUE_BYTES)
    return invalid(`Expected a value of at most ${MAX_VALUE_BYTES} bytes of UTF-8, got ${bytes}.`);
  const { length } = value.trim();
  if (length < MIN_MASKED_CHARACTERS)
    return invalid(
      `Expected a value of at least ${MIN_MASKED_CHARACTERS} characters beside space around it, got ${length}: a shorter one cannot be masked without masking much else.`,
    );
  return [];
}

/** Nothing where there are too many. A race of several may make a few more. */
const SET = `
  INSERT INTO secrets (project, name, sealed, created_by, updated_by)
  SELECT $1, $2, $3, $4, $4
  WHERE EXISTS (SELECT FROM secrets WHERE project = $1 AND name = $2)
     OR (SELECT count(*) FROM secrets WHERE project = $1) < ${MAX_SECRETS}
  ON CONFLICT (project, name) DO UPDATE SET sealed = excluded.sealed, updated_by = excluded.updated_by, updated_at = now()
  RETURNING ${SECRET_FIELDS}`;

/** Both ways to name a secret have the word. */
const USERS = `
  SELECT w.id, v.definition FROM workflows w
  JOIN workflow_versions v ON v.workflow_id = w.id AND v.number = w.latest_version
  WHERE w.project = $1 AND w.deleted_at IS NULL AND v.definition::text LIKE '%secrets%'
  ORDER BY w.id DESC`;
