import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chown, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { WeftError } from '../../shared/errors.ts';
import { failureOf } from './command.ts';
import type { Launcher } from './launcher.ts';

const superuser = 'weft';

/** A cluster is one folder with `data/` and the `password` of the superuser. It is renamed into place when complete. */
export function dataDirectory(cluster: string): string {
  return join(cluster, 'data');
}

/** Where clients reach the cluster while Postgres serves it on `port`. */
export async function clusterUrl(cluster: string, port: number): Promise<string> {
  const password = (await readFile(join(cluster, 'password'), 'utf8')).trim();
  return `postgresql://${superuser}:${password}@127.0.0.1:${port}/postgres`;
}

/** Runs initdb where there is no cluster yet. Removes what a crash during an earlier initdb left behind. */
export async function ensureCluster(
  cluster: string,
  nativeFolder: string,
  launcher: Launcher,
): Promise<void> {
  const sideFolderPrefix = `${cluster}.new-`;
  for (const name of await readdir(dirname(cluster))) {
    if (name.startsWith(basename(sideFolderPrefix)))
      await rm(join(dirname(cluster), name), { recursive: true });
  }
  if (existsSync(cluster)) return;
  const sideFolder = await mkdtemp(sideFolderPrefix);
  await fillCluster(sideFolder, nativeFolder, launcher);
  await rename(sideFolder, cluster);
}

async function fillCluster(
  folder: string,
  nativeFolder: string,
  { prefix, initdbPrefix, owner }: Launcher,
): Promise<void> {
  const passwordFile = join(folder, 'password');
  await writeFile(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600 });
  if (owner !== undefined) for (const path of [folder, passwordFile]) await chown(path, owner.uid, owner.gid);
  const initdb = [
    join(nativeFolder, 'bin/initdb'),
    `--pgdata=${dataDirectory(folder)}`,
    `--pwfile=${passwordFile}`,
  ];
  const failure = await failureOf([...prefix, ...initdbPrefix, ...initdb, ...initdbOptions]);
  if (failure !== undefined) {
    throw new WeftError(
      'POSTGRES_CANNOT_START',
      `initdb failed in ${folder}: ${failure}. Check that the disk has 100 MB free and the ` +
        'folder can be written, choose another with WEFT_DATA_DIR, or set DATABASE_URL.',
    );
  }
}

const initdbOptions = [
  `--username=${superuser}`,
  '--auth=scram-sha-256',
  '--encoding=UTF8',
  '--locale=C', // log lines in English: startPostmaster reads them
  '--locale-provider=builtin', // the same sort order with every libc
  '--builtin-locale=C.UTF-8',
  '--no-instructions',
];
