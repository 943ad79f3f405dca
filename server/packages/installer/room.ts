import { existsSync, lstatSync, readlinkSync } from 'node:fs';
import { execa } from 'execa';
import { killGroup } from '../../shared/process-table.ts';
import { PackageError } from '../errors.ts';

/**
 * The bubblewrap room in which an installer runs: it has the system's programs and libraries, the network where needed,
 * and the paths listed here. It has none of the server's environment variables, other files or processes.
 */
export interface Room {
  bubblewrapPath: string | undefined;
  hasNetwork: boolean;
  /** All environment variables in the room, beside PATH, HOME and LANG. */
  variables: Readonly<Record<string, string>>;
  /** Host paths that can be read in the room, under the same path; a path that does not exist is left out. */
  readable: readonly string[];
  /** Host paths that can be written to in the room, under the same path. */
  writable: readonly string[];
  /** Files on the host by their path in the home folder of the room. */
  homeFiles: Readonly<Record<string, string>>;
  signal: AbortSignal;
}

export interface RoomRun {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** Runs one command to its end. Throws PackageError where no room can be made, and the reason of the signal. */
export async function runInRoom(
  room: Room,
  command: readonly string[],
  onLine: (line: string) => void = () => {},
): Promise<RoomRun> {
  if (room.bubblewrapPath === undefined) throw noRoom('it is not installed: apt-get install bubblewrap');
  room.signal.throwIfAborted();
  const running = execa(room.bubblewrapPath, [...bubblewrapArguments(room), ...AS_READABLE, ...command], {
    // Not as arguments, which every user of the host can read: an index URL may hold a password.
    env: { ...room.variables, PATH, HOME, LANG: 'C.UTF-8' },
    extendEnv: false,
    cwd: '/',
    stdin: 'ignore',
    stderr: ['pipe', reportLines(onLine)],
    maxBuffer: MAX_OUTPUT_BYTES,
    detached: true,
    reject: false,
  });
  const kill = () => killGroup(running);
  room.signal.addEventListener('abort', kill, { once: true });
  const { exitCode, stdout, stderr, code } = await running;
  room.signal.removeEventListener('abort', kill);
  room.signal.throwIfAborted();
  if (code === 'ENOENT') throw noRoom(`${room.bubblewrapPath} does not exist`);
  const refusal = exitCode === 0 ? null : /^bwrap: (?!execvp).*$/m.exec(stderr);
  if (refusal !== null) throw noRoom(`it failed: ${refusal[0]}. Run npm run doctor for the cause`);
  return { exitCode: exitCode ?? 1, stdout, stderr };
}

function noRoom(why: string): PackageError {
  return new PackageError(`Expected to install packages inside bubblewrap, but ${why}`, true);
}

const PATH = '/usr/local/bin:/usr/bin:/bin';
const HOME = '/home/weft';
const MAX_OUTPUT_BYTES = 8 * 1024 * 1024;

/** Cells read the installed files as another user, which the umask of the server may forbid. */
const AS_READABLE = ['/bin/sh', '-c', 'umask 022; exec "$@"', 'sh'];

function reportLines(onLine: (line: string) => void) {
  return function* (line: unknown) {
    onLine(String(line));
    yield line;
  };
}

function bubblewrapArguments({ hasNetwork, readable, writable, homeFiles }: Room): string[] {
  const homeBinds = Object.entries(homeFiles).map(([name, path]) => [path, `${HOME}/${name}`] as const);
  const present = [...SYSTEM_PATHS, ...readable].filter((path) => existsSync(path));
  return [
    ...(process.getuid?.() === 0 ? [] : ['--unshare-user']),
    ...(hasNetwork ? [] : ['--unshare-net']),
    ...['--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try'],
    // No `--new-session`: bubblewrap leads a session already (`detached`), and killGroup could not reach another
    // session.
    ...['--die-with-parent', '--hostname', 'weft', '--cap-drop', 'ALL'],
    ...['--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp', '--dir', HOME],
    ...SYSTEM_FOLDERS.flatMap(bindOrLink),
    ...parentsFirst(present).flatMap((path) => ['--ro-bind', path, path]),
    ...homeBinds.flatMap(([from, to]) => ['--ro-bind-try', from, to]),
    ...outermost(writable).flatMap((path) => ['--bind', path, path]),
    ...['--chdir', '/tmp', '--'],
  ];
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

/** Files for name resolution, certificates and the loader, and the host-wide configuration of pip and uv. */
const SYSTEM_PATHS = [
  ...['/etc/resolv.conf', '/etc/hosts', '/etc/nsswitch.conf', '/etc/gai.conf', '/etc/host.conf'],
  ...['/etc/ssl', '/etc/pki', '/etc/ca-certificates', '/etc/ld.so.cache', '/etc/alternatives'],
  ...['/etc/pip.conf', '/etc/xdg/pip', '/etc/uv', '/etc/localtime', '/etc/os-release'],
];

function bindOrLink(path: string): string[] {
  if (!existsSync(path)) return [];
  return lstatSync(path).isSymbolicLink()
    ? ['--symlink', readlinkSync(path), path]
    : ['--ro-bind', path, path];
}
