import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Environments } from '../../server/packages/environments.ts';

export interface ModuleEnvironments extends Environments {
  /** Environments that are leased at the moment, by their names. */
  held: Map<string, number>;
}

/** Environments made of single modules, without an installer: `modules` are the Python files by name. */
export function environmentsOf(modules: Record<string, string>): ModuleEnvironments {
  const root = mkdtempSync(join(tmpdir(), 'weft-modules-'));
  const held = new Map<string, number>();
  return {
    held,
    check: () => [],
    list: async () => [],
    prepare: async (packages) => ({
      id: packages.join('+'),
      requirements: [...packages],
      packages: [],
      sizeBytes: 0,
      state: 'READY',
      message: null,
      createdAt: new Date(),
      lastUsedAt: null,
    }),
    delete: async (id) => held.get(id) === 0,
    repair: () => Promise.reject(new Error('Expected a run')),
    [Symbol.asyncDispose]: async () => {},
    async ensure(packages) {
      const id = packages.join('+');
      const sitePackages = join(root, id);
      mkdirSync(sitePackages, { recursive: true });
      for (const name of packages) writeFileSync(join(sitePackages, `${name}.py`), modules[name] ?? '');
      held.set(id, (held.get(id) ?? 0) + 1);
      return {
        environment: { id, sitePackages, preload: [...packages] },
        [Symbol.dispose]: () => void held.set(id, held.get(id)! - 1),
      };
    },
  };
}
