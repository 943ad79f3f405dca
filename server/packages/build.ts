import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
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
import { environmentId, hostPlatform, type LockedPackage, readLock } from './lock.ts';
import type { Requirement } from './requirement.ts';
import { contentsOf } from './site-packages.ts';
import type { Store, StoredEnvironment } from './store/store.ts';
import { suggestionFor } from './suggestion.ts';
import { watchInstalled } from './watch-site-packages.ts';

export interface BuildDeps {
  store: Store;
  rules: PackageRules;
  pythonVersion: string;
  /** Code of the packages runs while they are built, and may forge their lock: what others ask for never comes to the same. */
  isolated: boolean;
  makeInstaller: (work: InstallWork) => Promise<Installer>;
}

/**
 * Builds one environment in a side folder, and puts it in its place when it is whole:
 *
 *   resolve ──▶ judge what it pulls in ──▶ there already? ──▶ install ──▶ rename
 *
 * Throws PackageError, PackageRefusal, and what aborted the signal. Nothing is left behind then.
 */
export async function buildEnvironment(
  { store, rules, pythonVersion, isolated, makeInstaller }: BuildDeps,
  requirements: readonly Requirement[],
  { signal, tell }: { signal: AbortSignal; tell: (event: EnvironmentEvent) => void },
): Promise<StoredEnvironment> {
  const folder = await store.sideFolder();
  const asked = requirements.map(({ text }) => text);
  const resolving = (message: string | null) => tell({ status: 'RESOLVING', packages: asked, message });
  const work: InstallWork = { folder, signal, onLine: (line) => /^Fetching /.test(line) && resolving(line) };
  try {
    resolving(null);
    await mkdir(join(folder, 'tmp'));
    await writeFile(requirementsFile(work), `${asked.join('\n')}\n`);
    const installer = await makeInstaller(work);
    await installer.resolve(work).catch((error) => {
      throw withSuggestions(error, requirements, rules);
    });

    const lock = await readFile(lockFile(work), 'utf8');
    const packages = readLock(lock);
    const findings = checkResolved(
      packages.map(({ name }) => name),
      requirements,
      rules,
    );
    if (findings.length > 0) throw new PackageRefusal(findings);
    const id = environmentId(lock, isolated ? [pythonVersion, asked] : [pythonVersion]);
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
    const install = (message: string) => tell({ status: 'INSTALLING', packages: pinned, message });
    install(`Installing (0 of ${packages.length})`);
    {
      using _watch = watchInstalled(sitePackages, (name, count) =>
        install(`Installed ${name} (${count} of ${packages.length})`),
      );
      await installer.install({
        ...work,
        onLine: (line) => /^\s*Downloading \S/.test(line) && install(line.trim()),
      });
    }
    const contents = await contentsOf(sitePackages);
    await rm(join(folder, 'tmp'), { recursive: true, force: true });
    return store.keep(folder, {
      id,
      requirements: asked,
      pythonVersion,
      platform: hostPlatform,
      packages: packages.map((each) => ({ ...each, modules: contents.modules.get(each.name) ?? [] })),
      sitePackages: relative(folder, sitePackages),
      sizeBytes: contents.sizeBytes,
      createdAt: new Date().toISOString(),
    });
  }
}

/** Names alone are never judged by it: any of them may be a package of the operator's own. */
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

/** lib/python3.X/site-packages, of whatever Python it is. */
async function sitePackagesOf(venv: string): Promise<string> {
  const [python] = (await readdir(join(venv, 'lib'))).filter((name) => name.startsWith('python'));
  return join(venv, 'lib', python ?? '', 'site-packages');
}
