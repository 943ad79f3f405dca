import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Environments, openEnvironments } from '../../server/packages/environments.ts';
import type { PackageSettings } from '../../server/packages/settings.ts';
import { findInterpreter } from '../../server/sandbox/local/interpreter.ts';
import { makeLogger } from '../../server/shared/logger.ts';

/** Found once: it costs a process. */
const interpreter = findInterpreter('python3');
interpreter.catch(() => {}); // each caller receives the rejection

/** Environments in a folder of their own, without anything of this host's pip and uv configuration. */
export function openTestEnvironments(
  folder: string,
  settings: Partial<PackageSettings> = {},
): Promise<Environments> {
  return openEnvironments({
    folder,
    interpreter: () => interpreter,
    settings: testPackageSettings(settings),
    logger: makeLogger(process.env.TEST_LOG_LEVEL ?? 'silent'),
  });
}

/** Whether all bytecode of an environment is there, in a folder of environments. */
export function isCompiled(folder: string, id: string): boolean {
  return existsSync(join(folder, 'environments', id, 'compiled.json'));
}

/** The configuration of pip and uv on this host. */
export function installersOfHost(): PackageSettings['hostInstallers'] {
  const variables = Object.entries(process.env).flatMap(([name, value]) =>
    /^(PIP_|UV_|SSL_CERT_)|^(https?|all|no)_proxy$/i.test(name) && value !== undefined ? [[name, value]] : [],
  );
  return { home: process.env.HOME, variables: Object.fromEntries(variables) };
}

export function testPackageSettings(settings: Partial<PackageSettings> = {}): PackageSettings {
  return {
    rules: { allowed: null, blocked: [], allowedCover: 'asked' },
    indexUrl: undefined,
    extraIndexUrls: [],
    findLinks: [],
    indexHosts: [],
    noIndex: false,
    sourceBuilds: false,
    installer: 'auto',
    uvPath: onPath('uv'),
    bubblewrapPath: onPath('bwrap'),
    timeoutMs: 60_000,
    maxMb: 10_000,
    cacheFolder: undefined,
    hostInstallers: { variables: {}, home: undefined },
    ...settings,
  };
}

export function onPath(name: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}
