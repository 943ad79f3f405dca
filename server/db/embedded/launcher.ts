import { stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { WeftError } from '../../shared/errors.ts';
import { failureOf } from './command.ts';

/** How commands of Postgres are started: the command line before them, and the owner of the files they write. */
export interface Launcher {
  prefix: readonly string[];
  /** Before initdb only; see `initdbPrefix`. */
  initdbPrefix: readonly string[];
  /** Undefined: the user that runs Weft. */
  owner: { uid: number; gid: number } | undefined;
}

/** `nobody` on every Linux. initdb requires a uid with a name, and `nobody` saves creating a user. */
const nobody = 65534;

/**
 * Postgres refuses to run as root, so root starts it as another user. Postgres must not outlive Weft, so the kernel
 * sends it SIGINT (a fast shutdown) when its parent ends, also by SIGKILL.
 *
 * @param nativeFolder contains bin/postgres
 * @param folder contains everything that Postgres writes
 * @param cluster where it exists already, Postgres runs as its owner
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
  const failure = await failureOf([...prefix, 'true']);
  return { prefix: failure === undefined ? prefix : [], initdbPrefix: initdbPrefix(), owner: undefined };
}

/**
 * Another user cannot enter a checkout or data folder below a home such as /root. Instead of changing the permissions
 * of the host, Postgres then keeps one capability that lets it in; the weaker capability is tried first. A private
 * mount namespace would need no such capability, but it needs CAP_SYS_ADMIN, which containers refuse more often.
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
  let failure: string | undefined;
  for (const capability of [undefined, 'dac_read_search', 'dac_override']) {
    const prefix = [...drop, ...keeping(capability)];
    // Through a shell, because the exec by setpriv itself still has the capabilities of root.
    const script = 'cd "$1" && exec "$2" --version';
    failure = await failureOf([
      ...prefix,
      'sh',
      '-c',
      script,
      'sh',
      folder,
      join(nativeFolder, 'bin/postgres'),
    ]);
    if (failure === undefined) return prefix;
  }
  throw new WeftError(
    'POSTGRES_CANNOT_START',
    `Expected to run Postgres as uid ${uid}, since it refuses to run as root, but: ${failure}. ` +
      'Install setpriv (util-linux), start Weft as an ordinary user, or set DATABASE_URL.',
  );
}

/** With this securebit, access(2) honours the capability; Postgres checks its own binaries by access(2). */
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

/**
 * In a container the uid may have no name, which initdb refuses and Postgres does not: initdb then runs as `nobody`.
 */
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
