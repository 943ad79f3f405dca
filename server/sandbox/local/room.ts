import { existsSync, lstatSync, readlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { projectRoot } from '../../shared/paths.ts';
import type { Interpreter } from './interpreter.ts';

/**
 * The room that bubblewrap builds around a fork-server: a read-only root with the interpreter, the shared libraries and
 * four harmless devices, but without network, environment variables, host processes and programs.
 */
export interface RoomOptions {
  interpreter: Interpreter;
  /** Host path of the environment's packages, which are read-only in the room. */
  sitePackages?: string | undefined;
  /** Host path of the folder for the fork-server's socket and the cells' pipes. */
  socketFolder: string;
  /** Host path of the room's control group. */
  controlGroup: string | null;
  /** Passed to forkserver.py as JSON. */
  config: object;
  /** Whether the server runs as root. The room then has no user namespace, and the fork-server drops root itself. */
  asRoot: boolean;
}

export const ROOM_GROUP_FOLDER = '/weft/cgroup';
export const ROOM_PACKAGES_FOLDER = '/weft/site-packages';
export const ROOM_SOCKET_FOLDER = '/weft/run';
/** Not 65534 (nobody), under which the embedded Postgres runs. */
export const ROOM_UID = 65532;
/** As in python/usage.py. Libraries look in /proc, and must find the same while they are imported ahead as in a run. */
const ROOM_PROC_FOLDER = '/weft/proc';
const ROOM_CODE_FOLDER = '/weft/python';
const codeFolder = join(projectRoot, 'server/sandbox/python');

export function bubblewrapArguments(options: RoomOptions): string[] {
  const binds = [
    ...systemFiles(options.interpreter),
    ...DEVICES.flatMap((device) => ['--dev-bind', device, device]),
    ...(options.sitePackages ? ['--ro-bind', options.sitePackages, ROOM_PACKAGES_FOLDER] : []),
    ...['--ro-bind', codeFolder, ROOM_CODE_FOLDER, '--bind', options.socketFolder, ROOM_SOCKET_FOLDER],
    ...(options.controlGroup === null ? [] : ['--bind', options.controlGroup, ROOM_GROUP_FOLDER]),
  ];
  return [
    ...(options.asRoot ? [] : AS_USER),
    ...[
      '--die-with-parent',
      '--new-session',
      '--unshare-pid',
      '--unshare-ipc',
      '--unshare-uts',
      '--unshare-net',
    ],
    ...['--hostname', 'weft', '--cap-drop', 'ALL'],
    ...(options.asRoot ? ['--cap-add', 'CAP_SETUID', '--cap-add', 'CAP_SETGID'] : []),
    ...foldersAbove(binds),
    ...binds,
    ...['--dir', '/dev/shm', '--dir', '/tmp', '--dir', '/proc', '--proc', ROOM_PROC_FOLDER],
    ...['--remount-ro', '/', '--chdir', '/', '--'],
    ...[
      options.interpreter.executable,
      '-I',
      '-S',
      '-B',
      '-u',
      '-X',
      'utf8',
      `${ROOM_CODE_FOLDER}/forkserver.py`,
    ],
    JSON.stringify(options.config),
  ];
}

const AS_USER = ['--unshare-user', '--uid', String(ROOM_UID), '--gid', String(ROOM_UID)];
/** Without /dev/zero: a run that maps it has shared memory that nothing counts. */
const DEVICES = ['/dev/null', '/dev/full', '/dev/random', '/dev/urandom'];

/** Folders of libraries and none of programs, so that Python is the only program in the room. */
const LIBRARY_FOLDERS = [
  '/usr/lib',
  '/usr/lib32',
  '/usr/lib64',
  '/usr/local/lib',
  '/lib',
  '/lib32',
  '/lib64',
];
const LOADER_FILES = ['/etc/ld.so.cache', '/etc/alternatives', '/usr/share/zoneinfo'];

function systemFiles(interpreter: Interpreter): string[] {
  const folders = LIBRARY_FOLDERS.filter((path) => existsSync(path));
  const bound = [...folders, ...LOADER_FILES.filter((path) => existsSync(path))];
  const own = isSystemPrefix(interpreter.prefix) ? [] : [interpreter.prefix];
  const covered = [...folders, ...own];
  const files = [interpreter.executable, ...interpreter.libraries];
  const loose = files.filter((file) => !covered.some((folder) => file.startsWith(`${folder}/`)));
  return [
    ...bound.flatMap(bindOrLink),
    ...[...own, ...new Set(loose)].flatMap((path) => ['--ro-bind', path, path]),
  ];
}

/** Binding all of /usr would bind the host's programs as well; its libraries are bound above. */
function isSystemPrefix(prefix: string): boolean {
  return ['/', '/usr', '/usr/local'].includes(prefix) || dirname(prefix) === '/';
}

/** Made explicitly: those that bubblewrap makes above a mount are closed to other users, and so to cells under root. */
function foldersAbove(binds: readonly string[]): string[] {
  const folders = new Set<string>();
  for (const target of binds.filter((_text, index) => index % 3 === 2)) {
    for (let folder = dirname(target); folder !== '/'; folder = dirname(folder)) folders.add(folder);
  }
  return [...folders].sort().flatMap((folder) => ['--dir', folder]);
}

/** `/lib` is a symlink on most hosts, and a folder on some. */
function bindOrLink(path: string): string[] {
  return lstatSync(path).isSymbolicLink()
    ? ['--symlink', readlinkSync(path), path]
    : ['--ro-bind', path, path];
}
