import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chown, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { WeftError } from '../../shared/errors.ts';
import { complaintOf } from './command.ts';
import type { Launcher } from './launcher.ts';

const superuser = 'weft';

/** A cluster is one folder, made whole and put in place by one rename: `data/` and the `password` of its superuser. */
export function dataDirectory(cluster: string): string {
  return join(cluster, 'data');
}

/** Where clients reach the cluster while Postgres serves it on `port`. */
export async function clusterUrl(cluster: string, port: number): Promise<string> {
  const password = (await readFile(join(cluster, 'password'), 'utf8')).trim();
  return `postgresql://${superuser}:${password}@127.0.0.1:${port}/postgres`;
}

/** Runs initdb if there is no cluster yet; one that a crash left half-made is removed. */
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
  const complaint = await complaintOf([...prefix, ...initdbPrefix, ...initdb, ...initdbOptions]);
  if (complaint !== undefined) {
    throw new WeftError(
      'POSTGRES_CANNOT_START',
      `initdb failed in ${folder}: ${complaint}. See that the disk has 100 MB free and the ` +
        'folder can be written, choose another with WEFT_DATA_DIR, or set DATABASE_URL.',
    );
  }
}

const initdbOptions = [
  `--username=${superuser}`,
  '--auth=scram-sha-256',
  '--encoding=UTF8',
  '--locale=C', // messages in English: readiness is read from the log
  '--locale-provider=builtin', // sorts the same whatever libc the host has
  '--builtin-locale=C.UTF-8',
  '--no-instructions',
];
