import { existsSync, lstatSync, readlinkSync } from 'node:fs';
import { execa } from 'execa';
import { killGroup } from '../../shared/process-table.ts';
import { PackageError } from '../errors.ts';

/**
 * Where an installer runs: a bubblewrap room with the system's programs and libraries, mostly the network, and what it
 * is given here. Nothing of the server's environment, its other files or its processes is in it.
 */
export interface Room {
  bubblewrapPath: string | undefined;
  hasNetwork: boolean;
  /** The whole environment of what runs in it, beside PATH and HOME. */
  variables: Readonly<Record<string, string>>;
  /** Host paths that can be read, at the same place; those that do not exist are left out. */
  readable: readonly string[];
  /** Host paths that can be written to, at the same place. */
  writable: readonly string[];
  /** Files of the operator by their place in the room's home folder. */
  homeFiles: Readonly<Record<string, string>>;
  signal: AbortSignal;
}

export interface RoomRun {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** Runs one command to its end. Throws PackageError where no room can be made, and what aborted the signal. */
export async function runInRoom(
  room: Room,
  command: readonly string[],
  onLine: (line: string) => void = () => {},
): Promise<RoomRun> {
  if (room.bubblewrapPath === undefined) throw noRoom('there is none: apt-get install bubblewrap');
  room.signal.throwIfAborted();
  const running = execa(room.bubblewrapPath, [...bubblewrapArguments(room), ...AS_READABLE, ...command], {
    // Not as arguments, which every user of the host can read: an index URL may hold a password.
    env: { ...room.variables, PATH, HOME, LANG: 'C.UTF-8' },
    extendEnv: false,
    cwd: '/',
    stdin: 'ignore',
    stderr: ['pipe', tellLines(onLine)],
    maxBuffer: MAX_OUTPUT_BYTES,
    detached: true,
    reject: false,
  });
  const kill = () => killGroup(running);
  room.signal.addEventListener('abort', kill, { once: true });
  const { exitCode, stdout, stderr, code } = await running;
  room.signal.removeEventListener('abort', kill);
  room.signal.throwIfAborted();
  if (code === 'ENOENT') throw noRoom(`there is none at ${room.bubblewrapPath}`);
  const refusal = exitCode === 0 ? null : /^bwrap: (?!execvp).*$/m.exec(stderr);
  if (refusal !== null) throw noRoom(`it says: ${refusal[0]}; npm run doctor tells more`);
  return { exitCode: exitCode ?? 1, stdout, stderr };
}

function noRoom(why: string): PackageError {
  return new PackageError(`Expected bubblewrap, which packages are installed within, but ${why}`, true);
}

const PATH = '/usr/local/bin:/usr/bin:/bin';
const HOME = '/home/weft';
const MAX_OUTPUT_BYTES = 8 * 1024 * 1024;

/** Cells read what is installed as another user; the server's own umask may forbid that. */
const AS_READABLE = ['/bin/sh', '-c', 'umask 022; exec "$@"', 'sh'];

function tellLines(onLine: (line: string) => void) {
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
    // No new session: it is one already (`detached`), and inside another its processes would be of another group.
    ...['--die-with-parent', '--hostname', 'weft', '--cap-drop', 'ALL'],
    ...['--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp', '--dir', HOME],
    ...SYSTEM_FOLDERS.flatMap(bindOrLink),
    ...parentsFirst(present).flatMap((path) => ['--ro-bind', path, path]),
    ...homeBinds.flatMap(([from, to]) => ['--ro-bind-try', from, to]),
    ...outermost(writable).flatMap((path) => ['--bind', path, path]),
    ...['--chdir', '/tmp', '--'],
  ];
}

/** A mount would hide those made before it further in. */
function parentsFirst(paths: readonly string[]): string[] {
  return [...new Set(paths)].sort((a, b) => a.length - b.length);
}

/** Between two mounts no file can be linked, only copied, though one be a folder of the other. */
function outermost(paths: readonly string[]): string[] {
  return paths.filter((path) => !paths.some((other) => path.startsWith(`${other}/`)));
}

/** Symlinks to /usr on most hosts, and folders on some. */
const SYSTEM_FOLDERS = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/nix/store'];

/** What name resolution, certificates and the loader need, and the host-wide configuration of pip and uv. */
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
