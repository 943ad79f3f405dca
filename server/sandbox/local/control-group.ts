import {
  access,
  chmod,
  chown,
  constants,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rmdir,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { coerceError } from '../../shared/errors.ts';
import { isAlive } from '../../shared/process-table.ts';

/**
 * Control groups (cgroup v2), where the host delegated one to this server. They count and bound what nothing else does:
 * memory of a run in the kernel, and a share of the CPU per run instead of one per process.
 *
 *   <delegated>/          where this server was started, with controllers for what is below
 *     weft/               this server: a group with such controllers may hold no process itself
 *     weft-<pid>-XXXXXX/  one per room, which is bound into it and belongs to its user (python/control_group.py)
 *       room/             the fork-server
 *       <cell>/           memory.max, pids.max, and an equal share of the CPU
 */
export interface ControlGroups {
  /** The folder of a new room's group, which is its user's from now on. */
  makeRoom(uid: number | null): Promise<string>;
}

/** Where the kernel tells of groups; another place only in tests. */
export interface HostFiles {
  /** As /proc/self. */
  self: string;
}

/** Takes what was delegated into use. `groups` is null where nothing was; `detail` says why, and how to have it. */
export async function openControlGroups(
  host: HostFiles = { self: '/proc/self' },
): Promise<{ groups: ControlGroups | null; detail: string }> {
  try {
    const folder = await findDelegated(host);
    await leave(folder);
    await enableFor(folder);
    await sweep(folder);
    return { groups: { makeRoom: (uid) => makeRoom(folder, uid) }, detail: `${IN_FORCE} ${folder}` };
  } catch (error) {
    return { groups: null, detail: `${coerceError(error).message}; ${HOW_TO}` };
  }
}

/** Removes a group and those in it, once nothing lives there any more. */
export async function removeGroup(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) if (entry.isDirectory()) await removeGroup(join(folder, entry.name));
  await rmdir(folder).catch(() => {}); // the next server's `sweep` tries again
}

const [OWN, PROCESSES, SUBTREE] = ['weft', 'cgroup.procs', 'cgroup.subtree_control'];
const NEEDED = ['memory', 'pids'];
const WANTED = [...NEEDED, 'cpu'];
const IN_FORCE = 'the kernel counts memory, processes and a share of the CPU per run, in groups under';
const HOW_TO =
  'memory is watched instead. To have it: start the server as a systemd service with Delegate=yes, by `systemd-run --user --scope -p Delegate=yes npm start`, ' +
  'or in a container whose /sys/fs/cgroup is writable (Docker 28: --security-opt writable-cgroups=true; Podman: --security-opt unmask=/sys/fs/cgroup)';

async function findDelegated(host: HostFiles): Promise<string> {
  const own = await ownGroup(host);
  // Where a server before this one, or another sandbox in this process, has moved it already.
  const folder = basename(own) === OWN ? dirname(own) : own;
  const controllers = await controllersOf(folder);
  if (!NEEDED.every((name) => controllers.includes(name))) {
    throw new Error(
      `cgroup v2 has no ${NEEDED.join(' and ')} controllers in ${folder} (where v1 holds them, start the host with cgroup_no_v1=all)`,
    );
  }
  if (/session-[^/]*\.scope$/.test(folder)) throw new Error(`${folder} is a login session's`);
  for (const file of ['', PROCESSES, SUBTREE]) {
    await access(join(folder, file), constants.W_OK).catch(() => {
      throw new Error(`this user may not write to ${join(folder, file)}`);
    });
  }
  return folder;
}

/** The folder of this process's group. */
async function ownGroup({ self }: HostFiles): Promise<string> {
  const [groups, mounts] = await Promise.all(
    ['cgroup', 'mountinfo'].map((file) => readFile(join(self, file), 'utf8').catch(() => '')),
  );
  const path = /^0::(.*)$/m.exec(groups!)?.[1];
  const mount = mounts!
    .split('\n')
    .filter((line) => line.includes(' - cgroup2 '))
    .map((line) => line.split(' '))
    .find(([, , , root]) => path?.startsWith(root!));
  if (path === undefined || mount === undefined) throw new Error('cgroup v2 is not mounted here');
  const [, , , root, mountPoint] = mount;
  return join(mountPoint!, path.slice(root!.length));
}

async function controllersOf(folder: string): Promise<string[]> {
  const text = await readFile(join(folder, 'cgroup.controllers'), 'utf8').catch(() => '');
  return text.split(/\s+/).filter((name) => WANTED.includes(name));
}

/** One by one: a controller that the kernel refuses for now (cpu, while there are real-time processes) spoils no other. */
async function enableFor(folder: string): Promise<void> {
  for (const name of await controllersOf(folder)) {
    const enabled = writeFile(join(folder, SUBTREE), `+${name}`);
    await (NEEDED.includes(name) ? enabled : enabled.catch(() => {}));
  }
}

/** The kernel's root group may hold processes all the same; it alone has no type. */
async function leave(folder: string): Promise<void> {
  const type = await readFile(join(folder, 'cgroup.type'), 'utf8').catch(() => null);
  if (type === null) return;
  const own = join(folder, OWN);
  await mkdir(own, { recursive: true });
  const processes = () => readFile(join(folder, PROCESSES), 'utf8');
  for (let round = 0; round < MAX_ROUNDS && (await processes()).trim() !== ''; round += 1) {
    for (const pid of (await processes()).split('\n').filter(Boolean))
      await writeFile(join(own, PROCESSES), pid).catch(unlessGone);
  }
}

/** A process that forks is seen again in the next round. */
const MAX_ROUNDS = 20;

function unlessGone(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ESRCH') throw error;
}

/** What servers that were killed left behind. */
async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const pid = /^weft-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) await removeGroup(join(folder, name));
  }
}

async function makeRoom(folder: string, uid: number | null): Promise<string> {
  const room = await mkdtemp(join(folder, `weft-${process.pid}-`));
  await enableFor(room);
  await mkdir(join(room, 'room'));
  // Not the one within: the fork-server enters it as this server's user, and without a capability to pass a closed folder.
  await chmod(room, 0o755);
  if (uid !== null) for (const file of ['', PROCESSES]) await chown(join(room, file), uid, uid);
  return room;
}
