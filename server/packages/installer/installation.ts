import { makeFolder } from '../../shared/make-folder.ts';
import type { TargetInterpreter } from '../environment.ts';
import type { PackageSettings } from '../settings.ts';
import type { Layout } from '../store/layout.ts';
import { readOperatorConfiguration } from './host-installer-config.ts';
import { type FoundTools, type Installer, type InstallerContext, type InstallWork } from './installer.ts';
import { findInstaller } from './tools.ts';

/** How this host installs packages for one Python. */
export async function openInstallation(
  settings: PackageSettings,
  layout: Layout,
  interpreter: TargetInterpreter,
  found: FoundTools,
): Promise<(work: InstallWork) => Promise<Installer>> {
  // A room cannot hold a folder that is not there.
  if (settings.cacheFolder !== undefined) await makeFolder(settings.cacheFolder);
  const context: InstallerContext = {
    settings,
    interpreter,
    found,
    operator: await readOperatorConfiguration(settings),
    toolsFolder: layout.tools,
    ...downloads(settings, layout),
  };
  return (work) => findInstaller(context, work);
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
