import { existsSync, lstatSync, readlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { projectRoot } from '../../shared/paths.ts';
import { killGroup, startExpendable } from '../../shared/process-table.ts';
import { PackageError } from '../errors.ts';

/**
 * The bubblewrap room in which an installer runs: it has the system's programs and libraries, and the paths listed here.
 * It has none of the server's environment variables, other files or processes, no capability, and a user of its own. It
 * has no network; `wayOut` leads to a proxy of the server. `python/guard.py` runs inside, and holds it to its limits.
 */
export interface Room {
  bubblewrapPath: string | undefined;
  /** An absolute path, which is readable in the room; it runs the guard. */
  python: string;
  /** The Unix socket of the proxy, on the host; null: there is no way out. */
  wayOut: string | null;
  limits: RoomLimits;
  /** All environment variables in the room, beside PATH, HOME, LANG and those of the proxy. */
  variables: Readonly<Record<string, string>>;
  /** Host paths that can be read in the room, under the same path; a path that does not exist is left out. */
  readable: readonly string[];
  /** Host paths that can be written to in the room, under the same path. The user of the room has to own them. */
  writable: readonly string[];
  /** Files on the host by their path in the room. */
  files?: Readonly<Record<string, string>>;
  signal: AbortSignal;
}

export interface RoomLimits {
  /** Of all files together, until the server allows more (`wayOut`); null: not counted. */
  mayWriteBytes: number | null;
  maxFileBytes: number | null;
  /** Whether code of packages runs, which can write without being counted; the server then measures each second. */
  isForeign: boolean;
}

export interface RoomRun {
  exitCode: number;
  stdout: string;
  stderr: string;
  /** The program wrote more than it may. */
  wroteTooMuch: boolean;
}

/**
 * The user of rooms where the server is root; not that of cells (65532) or of the embedded Postgres (65534). Under any
 * other user, bubblewrap makes a user namespace, in which the server's user has this number.
 */
export const INSTALL_UID = 65531;

/** Runs one command to its end. Throws PackageError where no room can be made, and the reason of the signal. */
export async function runInRoom(
  room: Room,
  command: readonly string[],
  onLine: (line: string) => void = () => {},
): Promise<RoomRun> {
  if (room.bubblewrapPath === undefined) throw noRoom('it is not installed: apt-get install bubblewrap');
  room.signal.throwIfAborted();
  const proxy = room.wayOut === null ? {} : proxyVariables;
  const args = [...bubblewrapArguments(room), ...guard(room), ...command];
  const options = {
    // Not as arguments, which every user of the host can read: an index URL may hold a password.
    env: { ...room.variables, ...proxy, PATH, HOME, LANG: 'C.UTF-8' },
    extendEnv: false,
    cwd: '/',
    stdin: 'ignore',
    stderr: ['pipe', reportLines(onLine)],
    maxBuffer: MAX_OUTPUT_BYTES,
    detached: true,
    reject: false,
  } as const;
  const { bubblewrapPath } = room;
  const running = startExpendable(() => execa(bubblewrapPath, args, options));
  const kill = () => killGroup(running);
  room.signal.addEventListener('abort', kill, { once: true });
  const { exitCode = 1, stdout, stderr, code } = await running;
  room.signal.removeEventListener('abort', kill);
  room.signal.throwIfAborted();
  if (code === 'ENOENT') throw noRoom(`${room.bubblewrapPath} does not exist`);
  const refusal = exitCode === 0 ? null : /^bwrap: (?!execvp).*$/m.exec(stderr);
  if (refusal !== null) throw noRoom(`it failed: ${refusal[0]}. Run npm run doctor for the cause`);
  const wroteTooMuch = exitCode === TOO_MUCH || (exitCode !== 0 && FILE_TOO_LARGE.test(stderr));
  return { exitCode, stdout, stderr, wroteTooMuch };
}

function noRoom(why: string): PackageError {
  return new PackageError(`Expected to install packages inside bubblewrap, but ${why}`, true);
}

const PATH = '/usr/local/bin:/usr/bin:/bin';
export const HOME = '/home/weft';
const MAX_OUTPUT_BYTES = 8 * 1024 * 1024;
/** Of one process; uv needs 300 MiB at the most, pip less. */
const MAX_MEMORY_BYTES = 4 * 1024 ** 3;
const FILE_TOO_LARGE = /File too large/;

const GUARD_FOLDER = join(projectRoot, 'server/packages/installer/python');
const WAY_OUT = '/weft/way-out.sock';
/** Exit code and port of guard.py. */
const TOO_MUCH = 77;
const PROXY = 'http://127.0.0.1:3128';
/** pip prefers its own variable. Both spellings: curl and its like read one, and some the other. */
const proxyVariables = Object.fromEntries(
  ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'all_proxy', 'PIP_PROXY'].map(
    (name) => [name, PROXY],
  ),
);

function guard({ python, wayOut, limits }: Room): string[] {
  const options = {
    uid: INSTALL_UID,
    open: ['/tmp', HOME, '/dev/shm'],
    wayOut: wayOut === null ? null : WAY_OUT,
    mayWrite: limits.mayWriteBytes,
    maxFileBytes: limits.maxFileBytes,
    maxMemoryBytes: MAX_MEMORY_BYTES,
    isForeign: limits.isForeign,
  };
  return [python, '-I', '-S', '-B', join(GUARD_FOLDER, 'guard.py'), JSON.stringify(options)];
}

/** Such a line is shown to users, so it is cut. */
function reportLines(onLine: (line: string) => void) {
  return function* (line: unknown) {
    onLine(String(line).slice(0, MAX_LINE));
    yield line;
  };
}

const MAX_LINE = 500;

function bubblewrapArguments({ wayOut, python, readable, writable, files = {} }: Room): string[] {
  const isRoot = process.getuid?.() === 0;
  const present = [...SYSTEM_PATHS, python, GUARD_FOLDER, ...readable].filter((path) => existsSync(path));
  const binds = [
    ...parentsFirst(present).flatMap((path) => ['--ro-bind', path, path]),
    ...outermost(writable).flatMap((path) => ['--bind', path, path]),
    ...Object.entries(files).flatMap(([path, from]) => ['--ro-bind', from, path]),
    ...(wayOut === null ? [] : ['--bind', wayOut, WAY_OUT]),
  ];
  return [
    ...(isRoot ? [] : ['--unshare-user', '--uid', String(INSTALL_UID), '--gid', String(INSTALL_UID)]),
    ...['--unshare-net', '--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try'],
    // No `--new-session`: bubblewrap leads a session already (`detached`), and killGroup could not reach another
    // session.
    ...['--die-with-parent', '--hostname', 'weft', '--cap-drop', 'ALL'],
    // The guard gives them up when it changes to the user of the room.
    ...(isRoot ? ['--cap-add', 'CAP_SETUID', '--cap-add', 'CAP_SETGID'] : []),
    ...['--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp', '--dir', HOME],
    ...SYSTEM_FOLDERS.flatMap(bindOrLink),
    ...foldersAbove(binds),
    ...binds,
    ...['--chdir', '/tmp', '--'],
  ];
}

/** Made explicitly: those that bubblewrap makes above a mount are closed to other users. */
function foldersAbove(binds: readonly string[]): string[] {
  const folders = new Set<string>();
  for (const target of binds.filter((_text, index) => index % 3 === 2)) {
    for (let folder = dirname(target); folder !== '/'; folder = dirname(folder)) {
      if (!SYSTEM_FOLDERS.some((system) => folder === system || folder.startsWith(`${system}/`)))
        folders.add(folder);
    }
  }
  return [...folders].sort().flatMap((folder) => ['--dir', folder]);
}

/** A mount hides earlier mounts below its path, so parents come first. */
function parentsFirst(paths: readonly string[]): string[] {
  return [...new Set(paths)].sort((a, b) => a.length - b.length);
}

/** Drops paths inside other paths: a mount of its own would force files to be copied instead of linked. */
function outermost(paths: readonly string[]): string[] {
  return paths.filter((path) => !paths.some((other) => path.startsWith(`${other}/`)));
}

/** Symlinks to /usr on most hosts, and folders on some. */
const SYSTEM_FOLDERS = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/nix/store'];

/** Files for name resolution, certificates and the loader, and the host-wide configuration of uv. */
const SYSTEM_PATHS = [
  ...['/etc/resolv.conf', '/etc/hosts', '/etc/nsswitch.conf', '/etc/gai.conf', '/etc/host.conf'],
  ...['/etc/ssl', '/etc/pki', '/etc/ca-certificates', '/etc/ld.so.cache', '/etc/alternatives'],
  ...['/etc/uv', '/etc/localtime', '/etc/os-release'],
];

function bindOrLink(path: string): string[] {
  if (!existsSync(path)) return [];
  return lstatSync(path).isSymbolicLink()
    ? ['--symlink', readlinkSync(path), path]
    : ['--ro-bind', path, path];
}
