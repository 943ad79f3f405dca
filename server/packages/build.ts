import { mkdir, readdir, realpath, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { checkResolved, type PackageRules } from './check.ts';
import type { EnvironmentEvent } from './environment.ts';
import { PackageError, PackageRefusal } from './errors.ts';
import {
  type Installer,
  type InstallWork,
  lockFile,
  requirementsFile,
  venvFolder,
} from './installer/installer.ts';
import { giveToRoom } from './installer/room-owner.ts';
import { environmentId, hostPlatform, type LockedPackage, readLock, readLockFile } from './lock.ts';
import type { Requirement } from './requirement.ts';
import { contentsOf } from './site-packages.ts';
import type { Store, StoredEnvironment } from './store/store.ts';
import { suggestionFor } from './suggestion.ts';
import { watchSitePackages } from './watch-site-packages.ts';

export interface BuildDeps {
  store: Store;
  rules: PackageRules;
  pythonVersion: string;
  /** Packages built from source run code, which may forge the lock. The environment then serves only equal requests. */
  isolated: boolean;
  makeInstaller: (work: InstallWork) => Promise<Installer>;
}

/**
 * Builds one environment in a folder of its own, and renames it into place when it is complete:
 *
 *   resolve ──▶ check the dependencies ──▶ built already? ──▶ install ──▶ rename
 *
 * Throws PackageError, PackageRefusal, and the reason of the signal; the folder is removed then.
 */
export async function buildEnvironment(
  { store, rules, pythonVersion, isolated, makeInstaller }: BuildDeps,
  requirements: readonly Requirement[],
  { signal, emit }: { signal: AbortSignal; emit: (event: EnvironmentEvent) => void },
): Promise<StoredEnvironment> {
  const folder = await store.makeBuildFolder();
  const requested = requirements.map(({ text }) => text);
  const resolving = (message: string | null) => emit({ status: 'RESOLVING', packages: requested, message });
  const work: InstallWork = { folder, signal, onLine: (line) => /^Fetching /.test(line) && resolving(line) };
  try {
    resolving(null);
    await mkdir(join(folder, 'tmp'));
    await writeFile(requirementsFile(work), `${requested.join('\n')}\n`);
    await giveToRoom(folder, join(folder, 'tmp'), requirementsFile(work));
    const installer = await makeInstaller(work);
    await installer.resolve(work).catch((error) => {
      throw withSuggestions(error, requirements, rules);
    });

    const lock = await readLockFile(lockFile(work));
    const packages = readLock(lock);
    const findings = checkResolved(
      packages.map(({ name }) => name),
      requirements,
      rules,
    );
    if (findings.length > 0) throw new PackageRefusal(findings);
    const id = environmentId(lock, isolated ? [pythonVersion, requested] : [pythonVersion]);
    const built = await store.get(id);
    if (built !== null) return built;

    return await installAll(id, packages, installer);
  } finally {
    await store.discard(folder);
  }

  async function installAll(
    id: string,
    packages: LockedPackage[],
    installer: Installer,
  ): Promise<StoredEnvironment> {
    const sitePackages = await sitePackagesOf(venvFolder(work));
    const pinned = packages.map(({ name, version }) => `${name}==${version}`);
    const install = (message: string) => emit({ status: 'INSTALLING', packages: pinned, message });
    install(`Installing (0 of ${packages.length})`);
    {
      using _watch = watchSitePackages(sitePackages, (name, count) =>
        install(`Installed ${name} (${count} of ${packages.length})`),
      );
      await installer.install({
        ...work,
        onLine: (line) => /^\s*Downloading \S/.test(line) && install(line.trim()),
      });
    }
    await assertInside(folder, sitePackages);
    const contents = await contentsOf(sitePackages);
    await store.discard(join(folder, 'tmp'));
    return store.keep(folder, {
      id,
      requirements: requested,
      pythonVersion,
      platform: hostPlatform,
      packages: packages.map((each) => ({ ...each, modules: contents.modules.get(each.name) ?? [] })),
      sitePackages: relative(folder, sitePackages),
      sizeBytes: contents.sizeBytes,
      createdAt: new Date().toISOString(),
    });
  }
}

/** Only after the index failed to find a package: any unknown name may be a package of the operator's own. */
function withSuggestions(
  thrown: unknown,
  requirements: readonly Requirement[],
  { allowed }: PackageRules,
): unknown {
  if (!(thrown instanceof PackageError) || thrown.retryable) return thrown;
  const questions = requirements.flatMap(({ name }) => {
    const meant = suggestionFor(name, allowed ?? undefined);
    return meant === undefined ? [] : [`Did you mean \`${meant}\` instead of \`${name}\`?`];
  });
  if (questions.length === 0) return thrown;
  return new PackageError([thrown.message, ...questions].join('\n'), false, { cause: thrown });
}

/** Cells see what is at this path: code that a build from source ran may have put a symlink into its place. */
async function assertInside(folder: string, sitePackages: string): Promise<void> {
  const expected = join(await realpath(folder), relative(folder, sitePackages));
  if ((await realpath(sitePackages)) !== expected)
    throw new PackageError(
      'Expected the packages in the folder of their environment, but a link leads elsewhere',
    );
}

/** lib/python3.X/site-packages, for any version of Python. */
async function sitePackagesOf(venv: string): Promise<string> {
  const [python] = (await readdir(join(venv, 'lib'))).filter((name) => name.startsWith('python'));
  return join(venv, 'lib', python ?? '', 'site-packages');
}
