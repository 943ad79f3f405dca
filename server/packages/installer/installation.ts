import { join } from 'node:path';
import { makeFolder } from '../../shared/make-folder.ts';
import type { TargetInterpreter } from '../environment.ts';
import type { PackageSettings } from '../settings.ts';
import type { DiskBudget } from '../store/disk-budget.ts';
import type { Layout } from '../store/layout.ts';
import { readHostInstallerConfig } from './host-installer-config.ts';
import { type FoundTools, type Installer, type InstallerContext, type InstallWork } from './installer.ts';
import { makeRoomFolder, openToRoom } from './room-owner.ts';
import { findInstaller } from './tools.ts';

/** Prepares this host to install packages for one Python; the returned function finds the installer of one build. */
export async function openInstallation(
  settings: PackageSettings,
  layout: Layout,
  interpreter: TargetInterpreter,
  found: FoundTools,
  budget: DiskBudget,
): Promise<(work: InstallWork) => Promise<Installer>> {
  // bubblewrap cannot mount a folder that does not exist.
  if (settings.cacheFolder !== undefined) await makeFolder(settings.cacheFolder);
  await Promise.all([layout.install, layout.building, layout.cache, layout.tools].map(openToRoom));
  const cache = settings.cacheFolder ?? layout.cache;
  await Promise.all(['uv', 'pip'].map((name) => makeRoomFolder(join(cache, name))));
  const context: InstallerContext = {
    settings,
    interpreter,
    found,
    budget,
    hostConfig: await readHostInstallerConfig(settings),
    toolsFolder: layout.tools,
    ...downloads(settings, layout),
  };
  return (work) => findInstaller(context, work);
}

/**
 * A build from source runs code that could place files among the downloads for later builds to find, so each such build
 * gets downloads of its own. Otherwise builds and downloads share one mount: between two mounts files are copied, not
 * linked.
 */
function downloads(
  { sourceBuilds, cacheFolder }: PackageSettings,
  { cache, install }: Layout,
): Pick<InstallerContext, 'cacheFolder' | 'writable'> {
  if (sourceBuilds) return { cacheFolder: null, writable: [] };
  if (cacheFolder !== undefined) return { cacheFolder, writable: [cacheFolder] };
  return { cacheFolder: cache, writable: [install] };
}
