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
 * Control groups (cgroup v2), where the host delegated one to this server. They bound what nothing else can: memory
 * that the kernel holds for a run, and the share of the CPU of a run however many processes it has.
 *
 *   <delegated>/          the group in which this server was started; it passes controllers to the groups below
 *     weft/               this server: a group that passes controllers on may hold no process itself
 *     weft-<pid>-XXXXXX/  one for each room, bound into the room and owned by its user (python/control_group.py)
 *       room/             the fork-server
 *       <cell>/           memory.max, pids.max, and an equal share of the CPU
 */
export interface ControlGroups {
  /** Makes the group of a new room, owned by the room's user, and returns its folder. */
  makeRoom(uid: number | null): Promise<string>;
}

/** Where to read this process's groups and mounts; tests use other files. */
export interface HostFiles {
  /** Path of /proc/self. */
  self: string;
}

/** Prepares the delegated group. `groups` is null where there is none; `detail` then has the reason and the remedy. */
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

/** Removes a group and the groups below it. A group that still has processes stays. */
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
  'memory is watched instead. To get control groups: start the server as a systemd service with Delegate=yes, by `systemd-run --user --scope -p Delegate=yes npm start`, ' +
  'or in a container whose /sys/fs/cgroup is writable (Docker 28: --security-opt writable-cgroups=true; Podman: --security-opt unmask=/sys/fs/cgroup)';

async function findDelegated(host: HostFiles): Promise<string> {
  const own = await ownGroup(host);
  // Another sandbox in this process may have moved it already, or an earlier server moved the shell that started it.
  const folder = basename(own) === OWN ? dirname(own) : own;
  const controllers = await controllersOf(folder);
  if (!NEEDED.every((name) => controllers.includes(name))) {
    throw new Error(
      `cgroup v2 has no ${NEEDED.join(' and ')} controllers in ${folder} (where v1 holds them, start the host with cgroup_no_v1=all)`,
    );
  }
  const isSession = basename(folder).startsWith('session-') && folder.endsWith('.scope');
  if (isSession) throw new Error(`${folder} belongs to a login session`);
  for (const file of ['', PROCESSES, SUBTREE]) {
    await access(join(folder, file), constants.W_OK).catch(() => {
      throw new Error(`this user has no permission to write to ${join(folder, file)}`);
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

/** One at a time: the kernel may refuse one (cpu, while there are real-time processes) and allow the others. */
async function enableFor(folder: string): Promise<void> {
  for (const name of await controllersOf(folder)) {
    const enabled = writeFile(join(folder, SUBTREE), `+${name}`);
    await (NEEDED.includes(name) ? enabled : enabled.catch(() => {}));
  }
}

/** Moves all processes of the group into `weft`. Not needed in the root group, which alone has no type. */
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

/** A process that forks during one round is moved in the next. */
const MAX_ROUNDS = 20;

function unlessGone(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ESRCH') throw error;
}

/** Removes the groups of servers that were killed. */
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
  // 755 for the outer folder only: the fork-server enters it as this server's user, without a capability that would let
  // it through a closed folder.
  await chmod(room, 0o755);
  if (uid !== null) for (const file of ['', PROCESSES]) await chown(join(room, file), uid, uid);
  return room;
}
