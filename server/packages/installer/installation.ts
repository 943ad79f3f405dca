import { mkdir } from 'node:fs/promises';
import type { TargetInterpreter } from '../environment.ts';
import type { PackageSettings } from '../settings.ts';
import type { Layout } from '../store/layout.ts';
import {
  type FoundTools,
  type Installer,
  type InstallerContext,
  type InstallWork,
  runInstaller,
} from './installer.ts';
import { readOperatorConfiguration } from './operator.ts';
import { findInstaller } from './tools.ts';

export interface Installation {
  makeInstaller(work: InstallWork): Promise<Installer>;
  /** To bytecode, so that no import has to: environments are read-only where they are used. */
  compile(work: InstallWork, sitePackages: string): Promise<void>;
}

/** How this host installs packages for one Python. */
export async function openInstallation(
  settings: PackageSettings,
  layout: Layout,
  interpreter: TargetInterpreter,
  found: FoundTools,
): Promise<Installation> {
  // A room cannot hold a folder that is not there.
  if (settings.cacheFolder !== undefined) await mkdir(settings.cacheFolder, { recursive: true });
  const context: InstallerContext = {
    settings,
    interpreter,
    found,
    operator: await readOperatorConfiguration(settings),
    toolsFolder: layout.tools,
    ...downloads(settings, layout),
  };
  return {
    makeInstaller: (work) => findInstaller(context, work),
    async compile(work, sitePackages) {
      const command = [interpreter.executable, '-I', '-m', 'compileall', ...COMPILE_OPTIONS, sitePackages];
      // What cannot be compiled (templates, code for other versions) is not imported either, or says so then.
      await runInstaller(context, work, { command });
    },
  };
}

/**
 * Where downloads are kept. What builds from source runs code, which could put anything among them for others to find:
 * it gets its own. Else builds and cache are one mount, because between two no file can be linked, only copied.
 */
function downloads(
  { sourceBuilds, cacheFolder }: PackageSettings,
  { cache, install }: Layout,
): Pick<InstallerContext, 'cacheFolder' | 'writable'> {
  if (sourceBuilds) return { cacheFolder: null, writable: [] };
  if (cacheFolder !== undefined) return { cacheFolder, writable: [cacheFolder] };
  return { cacheFolder: cache, writable: [install] };
}

/** Environments do not change, so that no import needs to look whether a source did. */
const COMPILE_OPTIONS = ['-q', '-j', '0', '--invalidation-mode', 'unchecked-hash', '-x', '/tests?/'];
