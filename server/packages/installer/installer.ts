import { join } from 'node:path';
import type { TargetInterpreter } from '../environment.ts';
import type { PackageSettings } from '../settings.ts';
import type { OperatorConfiguration } from './host-installer-config.ts';
import { type RoomRun, runInRoom } from './room.ts';

/** Resolves and installs, with uv or pip behind it. */
export interface Installer {
  name: 'uv' | 'pip';
  /**
   * Makes the empty virtual environment, and writes the lock: a requirements file with the exact version and the hashes of
   * everything. Throws PackageError.
   */
  resolve(work: InstallWork): Promise<void>;
  /** Fills the virtual environment with what the lock says. Throws PackageError. */
  install(work: InstallWork): Promise<void>;
}

/** One build, in a folder of its own on the disk of the environments. */
export interface InstallWork {
  folder: string;
  signal: AbortSignal;
  /** A line of the installer on its way, such as `Downloading numpy (16.1MiB)`. */
  onLine: (line: string) => void;
}

export const requirementsFile = ({ folder }: InstallWork) => join(folder, 'requirements.txt');
export const lockFile = ({ folder }: InstallWork) => join(folder, 'requirements.lock');
export const venvFolder = ({ folder }: InstallWork) => join(folder, 'venv');

export interface InstallerContext {
  settings: PackageSettings;
  operator: OperatorConfiguration;
  interpreter: TargetInterpreter;
  /** Of installers that were fetched. */
  toolsFolder: string;
  /** Of downloads; null for one of each build's own. */
  cacheFolder: string | null;
  /** What was found of installers, for the builds to come. */
  found: FoundTools;
  /** What a build may write to beside its own folder. */
  writable: readonly string[];
}

/** Where `name` keeps its downloads. */
export function cacheOf(
  { cacheFolder }: InstallerContext,
  { folder }: InstallWork,
  name: 'uv' | 'pip',
): string {
  return join(cacheFolder ?? join(folder, 'tmp', 'cache'), name);
}

/** Not asked yet where undefined; not to be had where null. */
export interface FoundTools {
  uv?: string | null;
  pip?: string[];
}

/** Runs one command of an installer; it can read its tool, the interpreter and the wheels, and write to its build and the cache. */
export function runInstaller(
  context: InstallerContext,
  { folder, signal, onLine }: InstallWork,
  {
    command,
    variables = {},
    readable = [],
  }: { command: string[]; variables?: Record<string, string>; readable?: string[] },
): Promise<RoomRun> {
  const { settings, operator, interpreter } = context;
  return runInRoom(
    {
      bubblewrapPath: settings.bubblewrapPath,
      hasNetwork: true,
      variables: { ...operator.variables, ...variables, TMPDIR: join(folder, 'tmp') },
      homeFiles: operator.homeFiles,
      readable: [
        interpreter.prefix,
        interpreter.executable,
        ...settings.findLinks,
        ...operator.readable,
        ...readable,
      ],
      writable: [...context.writable, folder],
      signal,
    },
    command,
    onLine,
  );
}
