import { join } from 'node:path';
import type { TargetInterpreter } from '../environment.ts';
import { DiskLimitError } from '../errors.ts';
import type { PackageSettings } from '../settings.ts';
import type { DiskBudget } from '../store/disk-budget.ts';
import type { HostInstallerConfig } from './host-installer-config.ts';
import { makeRedactor } from './redact.ts';
import { type RoomRun, runInRoom } from './room.ts';
import { readableInRoom } from './room-owner.ts';
import { openWayOut } from './way-out.ts';

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
  budget: DiskBudget;
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
  pip?: FoundPip | undefined;
}

/** The folder that contains the package `pip`. */
export interface FoundPip {
  folder: string;
}

export interface InstallerRun extends RoomRun {
  /** The hosts that it tried to reach and that are not hosts of the index. */
  refusedHosts: string[];
}

/**
 * Runs one command of an installer, which can read its tool, the interpreter and the wheels, write to its build and the
 * downloads, and with `usesIndex` reach the hosts of the index. It has only the given variables, and their secrets are
 * not in its output. Throws DiskLimitError.
 */
export async function runInstaller(
  context: InstallerContext,
  { folder, signal, onLine }: InstallWork,
  {
    command,
    variables = {},
    readable = [],
    usesIndex = false,
  }: { command: string[]; variables?: Record<string, string>; readable?: string[]; usesIndex?: boolean },
): Promise<InstallerRun> {
  const { settings, hostConfig, interpreter, budget } = context;
  const redact = makeRedactor(variables);
  using share = budget.open();
  await using wayOut = usesIndex
    ? await openWayOut({
        isAllowed: hostConfig.isAllowedHost,
        proxyFor: hostConfig.proxyFor,
        onWritten: (bytes) => share.grant(bytes),
        maxBytes: budget.maxBytes,
      })
    : null;
  const paths = [...settings.findLinks, ...hostConfig.readable, ...readable];
  const run = await runInRoom(
    {
      bubblewrapPath: settings.bubblewrapPath,
      python: interpreter.executable,
      wayOut: wayOut?.path ?? null,
      limits: {
        mayWriteBytes: share.freeBytes,
        maxFileBytes: budget.maxBytes,
        isForeign: usesIndex && settings.sourceBuilds,
      },
      variables: { ...variables, TMPDIR: join(folder, 'tmp') },
      readable: [interpreter.prefix, interpreter.executable, ...paths],
      writable: [...context.writable, folder],
      files: await readableInRoom([...entriesOf(paths), ...Object.entries(hostConfig.homeFiles)], folder),
      signal,
    },
    command,
    (line) => onLine(redact(line)),
  );
  if (run.wroteTooMuch || wayOut?.receivedTooMuch) throw tooLarge(settings.maxMb, share.isCrowded);
  return { ...run, stderr: redact(run.stderr), refusedHosts: [...(wayOut?.refused ?? [])] };
}

function entriesOf(paths: readonly string[]): (readonly [string, string])[] {
  return paths.map((path) => [path, path]);
}

function tooLarge(maxMb: number, retryable: boolean): DiskLimitError {
  return new DiskLimitError(
    `Expected the packages to fit into what is left of ${maxMb} MiB for environments and downloads (WEFT_ENVIRONMENTS_MAX_MB), but they need more. Request smaller packages, delete environments, or raise the limit.`,
    retryable,
  );
}
