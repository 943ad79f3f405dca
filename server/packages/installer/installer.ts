import { join } from 'node:path';
import type { TargetInterpreter } from '../environment.ts';
import type { PackageSettings } from '../settings.ts';
import type { HostInstallerConfig } from './host-installer-config.ts';
import { type RoomRun, runInRoom } from './room.ts';

/** Resolves and installs packages, by uv or by pip. */
export interface Installer {
  name: 'uv' | 'pip';
  /**
   * Creates the empty virtual environment, and writes the lock: a requirements file with the exact version and the
   * hashes of every package. Throws PackageError.
   */
  resolve(work: InstallWork): Promise<void>;
  /** Installs the packages of the lock into the virtual environment. Throws PackageError. */
  install(work: InstallWork): Promise<void>;
}

/** One build, in a folder of its own in the file system of the environments, so that a rename can move it. */
export interface InstallWork {
  folder: string;
  signal: AbortSignal;
  /** Called with each line of the installer as it is printed, such as `Downloading numpy (16.1MiB)`. */
  onLine: (line: string) => void;
}

export const requirementsFile = ({ folder }: InstallWork) => join(folder, 'requirements.txt');
export const lockFile = ({ folder }: InstallWork) => join(folder, 'requirements.lock');
export const venvFolder = ({ folder }: InstallWork) => join(folder, 'venv');

export interface InstallerContext {
  settings: PackageSettings;
  hostConfig: HostInstallerConfig;
  interpreter: TargetInterpreter;
  /** The folder of installers that were fetched. */
  toolsFolder: string;
  /** The folder of downloads; null: each build has its own. */
  cacheFolder: string | null;
  /** The installers that were found, kept for later builds. */
  found: FoundTools;
  /** The folders that a build may write to beside its own. */
  writable: readonly string[];
}

/** The folder in which uv or pip keeps its downloads. */
export function cacheOf(
  { cacheFolder }: InstallerContext,
  { folder }: InstallWork,
  name: 'uv' | 'pip',
): string {
  return join(cacheFolder ?? join(folder, 'tmp', 'cache'), name);
}

/** Undefined: not searched for yet. Null: not available. */
export interface FoundTools {
  uv?: string | null;
  pip?: string[];
}

/**
 * Runs one command of an installer, which can read its tool, the interpreter and the wheels, and write to its build and
 * the downloads.
 */
export function runInstaller(
  context: InstallerContext,
  { folder, signal, onLine }: InstallWork,
  {
    command,
    variables = {},
    readable = [],
  }: { command: string[]; variables?: Record<string, string>; readable?: string[] },
): Promise<RoomRun> {
  const { settings, hostConfig, interpreter } = context;
  return runInRoom(
    {
      bubblewrapPath: settings.bubblewrapPath,
      hasNetwork: true,
      variables: { ...hostConfig.variables, ...variables, TMPDIR: join(folder, 'tmp') },
      homeFiles: hostConfig.homeFiles,
      readable: [
        interpreter.prefix,
        interpreter.executable,
        ...settings.findLinks,
        ...hostConfig.readable,
        ...readable,
      ],
      writable: [...context.writable, folder],
      signal,
    },
    command,
    onLine,
  );
}
