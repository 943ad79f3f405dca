import { randomUUID } from 'node:crypto';
import { existsSync, utimesSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { removeFolder } from '../../shared/remove-folder.ts';
import { type Claim, isHeld, readNote, removeStale, tryClaim } from './claim.ts';
import { layoutOf } from './layout.ts';
import {
  COMPILED,
  type Compiled,
  MANIFEST,
  type Manifest,
  type Outcome,
  readCompiled,
  readManifest,
  readOutcome,
} from './manifest.ts';

/** A complete environment on disk; only its bytecode may be missing. */
export interface StoredEnvironment {
  folder: string;
  manifest: Manifest;
  /** Null until all of its bytecode is written. */
  compiled: Compiled | null;
}

/** The environments on disk. Several processes may open one folder: every change is one rename. */
export type Store = Awaited<ReturnType<typeof openStore>>;

export async function openStore(root: string) {
  const layout = layoutOf(root);
  const { environments, requests, claims, building } = layout;
  await Promise.all(
    [environments, requests, claims, building, layout.cache].map((folder) =>
      mkdir(folder, { recursive: true }),
    ),
  );

  return {
    layout,

    /** The environment that a request resolved to before; null where there is none. */
    async find(key: string): Promise<StoredEnvironment | null> {
      const outcome = await readOutcome(outcomeFile(key));
      return outcome?.kind === 'resolved' ? this.get(outcome.environmentId) : null;
    },

    async get(id: string): Promise<StoredEnvironment | null> {
      if (!ID.test(id)) return null;
      const folder = join(environments, id);
      const [manifest, compiled] = await Promise.all([readManifest(folder), readCompiled(folder)]);
      return manifest && { folder, manifest, compiled };
    },

    async all(): Promise<StoredEnvironment[]> {
      const found = await Promise.all((await readdir(environments)).map((id) => this.get(id)));
      return found.filter((environment) => environment !== null);
    },

    /** For one build. A folder that a crashed build leaves is removed by the garbage collection. */
    makeBuildFolder: () => mkdtemp(join(building, 'build-')),

    /** Moves a finished build into place. Where another process was quicker, its environment is used instead. */
    async keep(buildFolder: string, manifest: Manifest): Promise<StoredEnvironment> {
      // `wx` follows no symlink that a build from source may have left.
      await writeFile(join(buildFolder, MANIFEST), JSON.stringify(manifest, null, 2), { flag: 'wx' });
      const folder = join(environments, manifest.id);
      await rename(buildFolder, folder).catch(async (error: NodeJS.ErrnoException) => {
        if (!['ENOTEMPTY', 'EEXIST'].includes(error.code ?? '')) throw error;
        if ((await readManifest(folder)) !== null) return;
        await removeFolder(folder); // not an environment, or a damaged one
        await rename(buildFolder, folder);
      });
      return { folder, manifest, compiled: null };
    },

    recordCompiled: (id: string, compiled: Compiled) =>
      writeAtomically(join(environments, id, COMPILED), JSON.stringify(compiled)),

    recordOutcome: (key: string, outcome: Outcome) =>
      writeAtomically(outcomeFile(key), JSON.stringify(outcome)),

    /** The requests whose last build failed. */
    async failures(): Promise<{ key: string; failure: Extract<Outcome, { kind: 'failed' }> }[]> {
      const found = await Promise.all(
        (await readdir(requests)).map(async (name) => ({
          key: name.replace(/\.json$/, ''),
          failure: await readOutcome(join(requests, name)),
        })),
      );
      return found.flatMap(({ key, failure }) => (failure?.kind === 'failed' ? [{ key, failure }] : []));
    },

    forgetOutcome: (key: string) => rm(outcomeFile(key), { force: true }),

    /** The right to build for a request; null while a living process holds it. */
    claimBuild: (key: string, requirements: readonly string[]): Promise<Claim | null> =>
      tryClaim(join(claims, `build-${key}`), { requirements }),

    async builds(): Promise<{ key: string; requirements: string[]; since: Date }[]> {
      const names = (await readdir(claims)).filter((name) => /^build-[0-9a-f]+$/.test(name));
      const notes = await Promise.all(names.map((name) => readNote(join(claims, name))));
      return notes.flatMap((found, index) =>
        found === null
          ? []
          : [
              {
                key: names[index]!.slice('build-'.length),
                since: found.since,
                requirements: (found.note as { requirements?: string[] } | null)?.requirements ?? [],
              },
            ],
      );
    },

    /**
     * Keeps an environment from being removed; null where it was removed already. A lease first claims and then looks
     * for the environment; `remove` first renames the environment and then looks for claims. So one of the two sees the
     * other.
     */
    async lease(environment: StoredEnvironment): Promise<Disposable | null> {
      const claim = await claimUse(environment.manifest.id, randomUUID());
      if (claim === null) return null;
      touch(environment.folder);
      return {
        [Symbol.dispose]() {
          claim[Symbol.dispose]();
          touch(environment.folder);
        },
      };
    },

    /**
     * The right to compile, which is a lease too; null while another process holds it, or where the environment is
     * gone.
     */
    claimCompile: (id: string): Promise<Claim | null> => claimUse(id, 'compile'),

    /** Removes the claims of processes that were killed. */
    async removeStaleClaims(): Promise<void> {
      for (const name of (await readdir(claims)).filter((each) => each.startsWith('use-'))) {
        const file = join(claims, name);
        if (!(await isHeld(file))) await removeStale(file);
      }
    },

    async lastUsed({ folder }: StoredEnvironment): Promise<Date | null> {
      return (await stat(join(folder, MANIFEST)).catch(() => null))?.mtime ?? null;
    },

    /** False where the environment is in use, or was removed already. */
    async remove({ folder, manifest: { id } }: StoredEnvironment): Promise<boolean> {
      if (await isLeased(id)) return false;
      const aside = join(building, `gone-${randomUUID()}`);
      try {
        await rename(folder, aside);
      } catch {
        return false;
      }
      if (await isLeased(id)) {
        await rename(aside, folder).catch(() => removeFolder(aside));
        return false;
      }
      await removeFolder(aside);
      return true;
    },

    /** Removes a folder or a file, and follows no symlink: a package that was built from source may have left some. */
    discard: removeFolder,
  };

  function outcomeFile(key: string): string {
    return join(requests, `${key}.json`);
  }

  async function claimUse(id: string, by: string): Promise<Claim | null> {
    const claim = await tryClaim(join(claims, `use-${id}-${by}`));
    if (claim === null || existsSync(join(environments, id, MANIFEST))) return claim;
    claim[Symbol.dispose]();
    return null;
  }

  async function isLeased(id: string): Promise<boolean> {
    const names = (await readdir(claims)).filter((name) => name.startsWith(`use-${id}-`));
    return (await Promise.all(names.map((name) => isHeld(join(claims, name))))).includes(true);
  }
}

const ID = /^env_[0-9a-f]{32}$/;

async function writeAtomically(file: string, text: string): Promise<void> {
  const aside = `${file}.${randomUUID()}`;
  await writeFile(aside, text);
  await rename(aside, file);
}

/** Records that the environment was used just now. */
function touch(folder: string): void {
  const now = new Date();
  try {
    utimesSync(join(folder, MANIFEST), now, now);
  } catch {
    // The time of the last use only decides which environment is removed first.
  }
}
