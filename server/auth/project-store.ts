import type { Pool } from 'pg';
import type { Allowance } from '../shared/allowance.ts';
import type { Account } from './accounts.ts';
import { DEFAULT_PROJECT } from './principal.ts';

export interface ProjectStore {
  /** What all of a project may use; null where there is no such project. At once while it is believed. */
  find(key: string): Account | Promise<Account | null>;
  /** Reads again what all projects that were found may use, or one of them. */
  refresh(key: string | undefined): Promise<void>;
}

/** How long a project is believed to be there, and its limits, whose changes reach all replicas at once, to be the same. */
const BELIEVED_MS = 5_000;
const MAX_KNOWN = 10_000;

interface Known {
  /** One object, which changes with the project: principals hold it as long as they live. */
  account: Account;
  until: number;
}

/**
 * What authentication asks. What clients do with projects is in use-cases/projects.ts. The project that most requests act
 * in is read at once, so that whoever subscribes while the database is away is let in, and waits for it.
 */
export async function openProjectStore(pool: Pool): Promise<ProjectStore> {
  const known = new Map<string, Known>();

  async function read(keys: readonly string[]): Promise<void> {
    const { rows } = await pool.query<Row>({ name: 'weft-project', text: READ, values: [keys] });
    const found = new Map(rows.map(({ key, ...allowance }) => [key, allowance]));
    for (const key of keys) {
      const allowance = found.get(key);
      if (allowance === undefined) known.delete(key);
      else keep(key, allowance);
    }
  }

  function keep(key: string, allowance: Allowance): void {
    const account = known.get(key)?.account ?? accountOf(key);
    known.set(key, { account: Object.assign(account, allowance), until: Date.now() + BELIEVED_MS });
    if (known.size > MAX_KNOWN) known.delete(known.keys().next().value!);
  }

  await read([DEFAULT_PROJECT]);
  return {
    find(key) {
      const before = known.get(key);
      if (before !== undefined && before.until > Date.now()) return before.account;
      return read([key]).then(
        () => known.get(key)?.account ?? null,
        (error) => {
          if (before === undefined) throw error;
          return before.account; // the request itself says that the database is away, where it needs that
        },
      );
    },

    async refresh(key) {
      const keys = key === undefined ? [...known.keys()] : [key].filter((each) => known.has(each));
      if (keys.length > 0) await read(keys);
    },
  };
}

/** No token has an id like that. */
function accountOf(key: string): Account {
  const id = `project:${key}`;
  return { id, owner: `the project ${key}`, costPerMinute: null, maxRunningExecutions: null };
}

type Row = Allowance & { key: string };

const READ = `
  SELECT key, cost_per_minute AS "costPerMinute", max_running_executions AS "maxRunningExecutions"
  FROM projects WHERE key = ANY ($1)`;
