import { stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { WeftError } from '../../shared/errors.ts';
import { complaintOf } from './command.ts';

/** How commands of Postgres are started: what to put before them, and who owns the files they write. */
export interface Launcher {
  prefix: readonly string[];
  /** Goes before initdb only; see `initdbPrefix`. */
  initdbPrefix: readonly string[];
  /** Undefined: whoever runs Weft. */
  owner: { uid: number; gid: number } | undefined;
}

/** `nobody` on every Linux. initdb wants a uid that has a name, and so no user need be made for it. */
const nobody = 65534;

/**
 * Postgres refuses to run as root, so root starts it as another user; and whoever starts it, it must not
 * outlive Weft: the kernel sends it SIGINT (a fast shutdown) when its parent dies, by -9 as well.
 *
 * @param nativeFolder has bin/postgres
 * @param folder everything that Postgres writes lies below it
 * @param cluster its owner, if it exists already, is the one to run as
 */
export async function chooseLauncher(
  nativeFolder: string,
  folder: string,
  cluster: string,
): Promise<Launcher> {
  const clusterOwner = await stat(cluster).catch(() => undefined);
  if (process.getuid?.() === 0) {
    const { uid, gid } = clusterOwner?.uid ? clusterOwner : { uid: nobody, gid: nobody };
    return {
      prefix: await rootPrefix(nativeFolder, folder, uid, gid),
      initdbPrefix: [],
      owner: { uid, gid },
    };
  }
  if (clusterOwner !== undefined && clusterOwner.uid !== process.getuid?.())
    throw foreign(cluster, clusterOwner.uid);
  const prefix = ['setpriv', '--no-new-privs', '--pdeathsig=INT'];
  const complaint = await complaintOf([...prefix, 'true']);
  return { prefix: complaint === undefined ? prefix : [], initdbPrefix: initdbPrefix(), owner: undefined };
}

/**
 * A clone or a data folder below a home such as /root cannot be entered by another user. Rather than change
 * the host's permissions, the process then keeps the one capability that lets it in, the weaker first. (A
 * private mount namespace does the same without a capability but needs CAP_SYS_ADMIN, which containers
 * refuse more often, and a place to mount on that hides nothing.)
 */
async function rootPrefix(nativeFolder: string, folder: string, uid: number, gid: number): Promise<string[]> {
  const drop = [
    'setpriv',
    `--reuid=${uid}`,
    `--regid=${gid}`,
    '--clear-groups',
    '--no-new-privs',
    '--pdeathsig=INT',
  ];
  let complaint: string | undefined;
  for (const capability of [undefined, 'dac_read_search', 'dac_override']) {
    const prefix = [...drop, ...keeping(capability)];
    // A shell in between, because the exec out of setpriv itself is still judged by root's capabilities.
    const script = 'cd "$1" && exec "$2" --version';
    complaint = await complaintOf([
      ...prefix,
      'sh',
      '-c',
      script,
      'sh',
      folder,
      join(nativeFolder, 'bin/postgres'),
    ]);
    if (complaint === undefined) return prefix;
  }
  throw new WeftError(
    'POSTGRES_CANNOT_START',
    `Expected to run Postgres as uid ${uid}, since it refuses to run as root, but: ${complaint}. ` +
      'Is setpriv (util-linux) installed? Otherwise start Weft as an ordinary user, or set DATABASE_URL.',
  );
}

/** The securebit makes access(2), by which Postgres looks at its own binaries, honour the capability. */
function keeping(capability: string | undefined): string[] {
  if (capability === undefined) return ['--inh-caps=-all', '--bounding-set=-all'];
  const only = `-all,+${capability}`;
  return [
    `--inh-caps=${only}`,
    `--ambient-caps=${only}`,
    `--bounding-set=${only}`,
    '--securebits=+no_setuid_fixup',
  ];
}

/** A container may run us under a uid without a name, which initdb (not Postgres) refuses: lend it nobody's. */
function initdbPrefix(): string[] {
  try {
    userInfo();
    return [];
  } catch {
    return ['unshare', '--user', `--map-user=${nobody}`, `--map-group=${nobody}`];
  }
}

function foreign(cluster: string, uid: number): WeftError {
  return new WeftError(
    'DATA_FOLDER_NOT_WRITABLE',
    `Expected ${cluster} to belong to uid ${process.getuid?.()}, who runs Weft, but it belongs to uid ${uid}. ` +
      'Start Weft as that user or as root, or choose another folder with WEFT_DATA_DIR.',
  );
}
