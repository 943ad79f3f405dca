import { randomUUID } from 'node:crypto';
import { existsSync, utimesSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Claim, isHeld, noteOf, takeAway, tryClaim } from './claim.ts';
import { layoutOf } from './layout.ts';
import {
  type Asked,
  COMPILED,
  type Compiled,
  MANIFEST,
  type Manifest,
  readAsked,
  readCompiled,
  readManifest,
} from './manifest.ts';

/** An environment on disk, whole; only its bytecode comes later. */
export interface StoredEnvironment {
  folder: string;
  manifest: Manifest;
  /** Null while its bytecode is not all there. */
  compiled: Compiled | null;
}

/** The environments on disk. Several processes may open one folder; every change is one rename. */
export type Store = Awaited<ReturnType<typeof openStore>>;

export async function openStore(root: string) {
  const layout = layoutOf(root);
  const { environments, asked, claims, building } = layout;
  await Promise.all(
    [environments, asked, claims, building, layout.cache].map((folder) => mkdir(folder, { recursive: true })),
  );

  return {
    layout,

    /** What a set of requirements came to, if it is there. */
    async find(key: string): Promise<StoredEnvironment | null> {
      const known = await readAsked(askedFile(key));
      return known?.kind === 'resolved' ? this.get(known.environmentId) : null;
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

    /** A new side folder; whatever of it is left when its build ends is swept. */
    sideFolder: () => mkdtemp(join(building, 'build-')),

    /** Puts a finished side folder in its place. Where another process was quicker, its work is as good. */
    async keep(sideFolder: string, manifest: Manifest): Promise<StoredEnvironment> {
      await writeFile(join(sideFolder, MANIFEST), JSON.stringify(manifest, null, 2));
      const folder = join(environments, manifest.id);
      await rename(sideFolder, folder).catch(async (error: NodeJS.ErrnoException) => {
        if (!['ENOTEMPTY', 'EEXIST'].includes(error.code ?? '')) throw error;
        if ((await readManifest(folder)) !== null) return;
        await discard(folder); // what is there is no environment
        await rename(sideFolder, folder);
      });
      return { folder, manifest, compiled: null };
    },

    noteCompiled: (id: string, compiled: Compiled) =>
      writeWhole(join(environments, id, COMPILED), JSON.stringify(compiled)),

    note: (key: string, known: Asked) => writeWhole(askedFile(key), JSON.stringify(known)),

    /** The sets whose last build failed. */
    async failures(): Promise<{ key: string; failure: Extract<Asked, { kind: 'failed' }> }[]> {
      const found = await Promise.all(
        (await readdir(asked)).map(async (name) => ({
          key: name.replace(/\.json$/, ''),
          failure: await readAsked(join(asked, name)),
        })),
      );
      return found.flatMap(({ key, failure }) => (failure?.kind === 'failed' ? [{ key, failure }] : []));
    },

    forget: (key: string) => rm(askedFile(key), { force: true }),

    /** The right to build a set; null while a living process has it. */
    claimBuild: (key: string, requirements: readonly string[]): Promise<Claim | null> =>
      tryClaim(join(claims, `build-${key}`), { requirements }),

    async builds(): Promise<{ key: string; requirements: string[]; since: Date }[]> {
      const names = (await readdir(claims)).filter((name) => /^build-[0-9a-f]+$/.test(name));
      const notes = await Promise.all(names.map((name) => noteOf(join(claims, name))));
      return notes.flatMap((told, index) =>
        told === null
          ? []
          : [
              {
                key: names[index]!.slice('build-'.length),
                since: told.since,
                requirements: (told.note as { requirements?: string[] } | null)?.requirements ?? [],
              },
            ],
      );
    },

    /**
     * Keeps an environment from being removed. Null where it was removed already: the claim is made first and the
     * look is second, and whoever removes does it the other way round, so that one of the two sees the other.
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

    /** The right to compile it, which keeps it as a lease does; null while another has it, or it is gone. */
    claimCompile: (id: string): Promise<Claim | null> => claimUse(id, 'compile'),

    /** Claims of processes that were killed. */
    async forgetUsers(): Promise<void> {
      for (const name of (await readdir(claims)).filter((each) => each.startsWith('use-'))) {
        const file = join(claims, name);
        if (!(await isHeld(file))) await takeAway(file);
      }
    },

    async lastUsed({ folder }: StoredEnvironment): Promise<Date | null> {
      return (await stat(join(folder, MANIFEST)).catch(() => null))?.mtime ?? null;
    },

    /** False where it is in use, or was removed already. */
    async remove({ folder, manifest: { id } }: StoredEnvironment): Promise<boolean> {
      if (await isLeased(id)) return false;
      const aside = join(building, `gone-${randomUUID()}`);
      try {
        await rename(folder, aside);
      } catch {
        return false;
      }
      if (await isLeased(id)) {
        await rename(aside, folder).catch(() => discard(aside));
        return false;
      }
      await discard(aside);
      return true;
    },

    discard,
  };

  function askedFile(key: string): string {
    return join(asked, `${key}.json`);
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

async function writeWhole(file: string, text: string): Promise<void> {
  const aside = `${file}.${randomUUID()}`;
  await writeFile(aside, text);
  await rename(aside, file);
}

/** Tells that it was used just now. */
function touch(folder: string): void {
  const now = new Date();
  try {
    utimesSync(join(folder, MANIFEST), now, now);
  } catch {
    // Its last use is not told; nothing hangs on it.
  }
}

async function discard(folder: string): Promise<void> {
  // Retried where another process still writes to it.
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}
