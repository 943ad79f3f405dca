import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import pg from 'pg';
import { openHostEnvironments, runSettings } from '../../compose/sandboxes.ts';
import type { Config } from '../../config/environment.ts';
import { startEmbeddedPostgres } from '../../db/embedded-postgres.ts';
import type { SandboxStatus } from '../../sandbox/backend.ts';
import { openLocalSandbox } from '../../sandbox/local/local-sandbox.ts';
import { makeDataFolder } from '../../shared/data-folder.ts';
import { WeftError } from '../../shared/errors.ts';
import { makeLogger } from '../../shared/logger.ts';
import { makeRunFolder, runFolderParent } from '../../shared/run-folder.ts';
import { bad, type Finding, failed, good, missing } from './finding.ts';
import { findingOfSecrets } from './secrets.ts';

const silent = makeLogger('silent');
const wantedNode = 24;
const wantedPostgres = 15;

/** One check of the host. It may take a second, and never throws. */
export type Check = (config: Config) => Promise<Finding[]>;

export const checkNode: Check = async () => {
  const major = Number(process.versions.node.split('.')[0]);
  if (major >= wantedNode) return [good('Node', process.version)];
  return [
    bad(
      'Node',
      `Expected ${wantedNode} or newer, got ${process.version}.`,
      'Start Weft with npm start, which installs its own Node.',
    ),
  ];
};

export const checkDataFolder: Check = async ({ dataDir }) => {
  try {
    return [good('Data folder', await makeDataFolder(dataDir))];
  } catch (error) {
    return [failed('Data folder', error)];
  }
};

/**
 * Really starts the embedded Postgres, because only that shows whether its programs run as this user; and looks whether
 * there is the key of what it has sealed.
 */
export const checkPostgres: Check = async (config) => {
  const { databaseUrl, dataDir, roles } = config;
  if (roles.every((role) => role === 'sandbox')) return [];
  const what = databaseUrl === undefined ? 'Postgres (embedded)' : 'Postgres (DATABASE_URL)';
  try {
    await using opened = new AsyncDisposableStack();
    const url =
      databaseUrl ?? opened.use(await startEmbeddedPostgres({ dataFolder: dataDir, logger: silent })).url;
    const client = await connect(url);
    opened.defer(() => client.end());
    return [findingOfVersion(what, await versionOf(client)), await findingOfSecrets(config, client)];
  } catch (error) {
    const secrets = await findingOfSecrets(config, null);
    if (error instanceof WeftError && error.code === 'DATA_FOLDER_IN_USE')
      return [good(what, 'used by a running Weft'), secrets];
    return [
      failed(
        what,
        error,
        'Check that DATABASE_URL is right and the server runs, or unset it to use the embedded Postgres.',
      ),
      secrets,
    ];
  }
};

/** Really opens the sandbox, because only the kernel knows which namespaces it grants. */
export const checkSandbox: Check = async (config) => {
  const { pythonPath, bubblewrapPath, pythonServiceUrls, servesSandbox, requestLimits } = config;
  const hosts = good('Python hosts', hostsInWords(requestLimits.openedHosts));
  if (pythonServiceUrls.length > 0 && !servesSandbox) return [hosts];
  try {
    await using environments = await openHostEnvironments(config, silent);
    await using sandbox = await openLocalSandbox({
      bubblewrapPath,
      pythonPath,
      runFolder: await makeRunFolder(),
      ...runSettings(config),
      environments,
      logger: silent,
    });
    return [...findingsOf(await sandbox.status()), hosts];
  } catch (error) {
    return [failed('Sandbox', error, `Make ${config.dataDir} and ${runFolderParent()} writable.`)];
  }
};

function findingsOf({ problem, pythonVersion, pythonPath, policy, walls }: SandboxStatus): Finding[] {
  const python = pythonVersion === null ? [] : [good('Python', `${pythonVersion} (${pythonPath})`)];
  if (problem !== null) return [...python, bad(`Sandbox (${problem.code})`, problem.message, problem.remedy)];
  return [
    ...python,
    good('Python policy', POLICIES[policy]),
    ...walls.map(({ name, inForce, detail }) => (inForce ? good : missing)(`Wall: ${name}`, detail)),
  ];
}

function hostsInWords(opened: readonly string[]): string {
  if (opened.length === 0) return 'none, so Python code sends no requests (PYTHON_ALLOWED_HOSTS)';
  return `nodes may name ${opened.includes('*') ? 'every host with a public address' : opened.join(', ')}`;
}

const POLICIES = {
  strict: 'strict: workflows may ask for none that is looser',
  standard: 'standard: workflows may ask for strict',
  kernel: 'kernel: workflows may ask for strict or standard',
};

const INSTALLERS = {
  auto: 'uv, which is fetched at the first install, or pip',
  uv: 'uv, which is fetched at the first install',
  pip: 'pip',
};

/** Also removes damaged and unused environments; no run fails by that, because the next one builds what it needs. */
export const checkEnvironments: Check = async (config) => {
  const what = 'Python packages';
  if (config.pythonServiceUrls.length > 0 && !config.servesSandbox) return [];
  try {
    await using environments = await openHostEnvironments(config, silent);
    const { damaged, leftovers, removed, sizeMb } = await environments.repair();
    const ready = (await environments.list()).filter(({ state }) => state === 'READY');
    const repairs = [
      damaged.length > 0 ? `removed ${damaged.length} damaged (the next run builds them again)` : '',
      leftovers > 0 ? `removed ${leftovers} that a crash left` : '',
      removed.length > 0 ? `removed ${removed.length} beyond the limit` : '',
    ].filter((text) => text !== '');
    const { uvPath, installer, maxMb } = config.packages;
    const by = installer !== 'pip' && uvPath !== undefined ? `uv at ${uvPath}` : INSTALLERS[installer];
    const size = `${ready.length} environments, ${sizeMb} of ${maxMb} MiB`;
    return [good(what, [size, `installed by ${by}`, ...repairs].join('; '))];
  } catch (error) {
    return [failed(what, error, `Make ${join(config.dataDir, 'python')} writable.`)];
  }
};

export const checkPort: Check = async ({ host, port, roles, servesSandbox }) => {
  const what = `Port ${port}`;
  if (!roles.includes('api') && !servesSandbox) return [];
  try {
    await using server = createServer();
    await once(server.listen(port, host), 'listening');
    return [good(what, `free on ${host}`)];
  } catch (error) {
    if (await isWeft(host, port)) return [good(what, 'a running Weft answers there')];
    return [
      failed(
        what,
        error,
        'Stop the program that uses the port, or choose another with PORT (0: any free port).',
      ),
    ];
  }
};

function findingOfVersion(what: string, version: string): Finding {
  if (Number.parseInt(version, 10) >= wantedPostgres) return good(what, version);
  const problem = `Expected ${wantedPostgres} or newer, got ${version}.`;
  return bad(what, problem, 'Upgrade it, or unset DATABASE_URL.');
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  try {
    await client.connect();
    return client;
  } catch (error) {
    await client.end();
    throw error;
  }
}

async function versionOf(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
  return rows[0]!.server_version;
}

async function isWeft(host: string, port: number): Promise<boolean> {
  const authority = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  const answer = await fetch(`http://${authority}/healthz`, { signal: AbortSignal.timeout(2_000) }).catch(
    () => null,
  );
  return answer?.ok ?? false;
}
