import { join } from 'node:path';
import type { Config } from '../config/environment.ts';
import { type Environments, openEnvironments } from '../packages/environments.ts';
import type { SandboxBackend } from '../sandbox/backend.ts';
import { findInterpreter } from '../sandbox/local/interpreter.ts';
import { openLocalSandbox } from '../sandbox/local/local-sandbox.ts';
import { openRemoteSandbox } from '../sandbox/remote/remote-sandbox.ts';
import { makeSandboxService, type SandboxService } from '../sandbox/service/service.ts';
import { makeDataFolder } from '../shared/data-folder.ts';
import type { Logger } from '../shared/logger.ts';
import { makeRunFolder } from '../shared/run-folder.ts';

type Sandboxes =
  | { sandbox: SandboxBackend; service: SandboxService | null }
  /** The role `sandbox` alone: nobody in this process runs Python. */
  | { sandbox: null; service: SandboxService };

/** Python runs here unless services are named for it. What is served to others is always a sandbox of this process. */
export async function openSandboxes(
  config: Config,
  opened: AsyncDisposableStack,
  logger: Logger,
): Promise<Sandboxes> {
  const { pythonServiceUrls: urls, pythonServiceToken: token } = config;
  const isRemote = urls.length > 0 && config.roles.some((role) => role !== 'sandbox');
  const remote = isRemote
    ? opened.use(await openRemoteSandbox({ urls, token, policy: config.pythonPolicy, logger }))
    : null;
  if (remote !== null && !config.servesSandbox) return { sandbox: remote, service: null };
  const local = opened.use(await openLocal(config, opened, logger));
  const service = config.servesSandbox ? makeSandboxService({ backend: local, token, logger }) : null;
  if (service !== null && config.roles.every((role) => role === 'sandbox')) return { sandbox: null, service };
  return { sandbox: remote ?? local, service };
}

/** The environments of this host, for the Python that its sandbox runs. */
export async function openHostEnvironments(
  { dataDir, packages, pythonPath, bubblewrapPath }: Config,
  logger: Logger,
): Promise<Environments> {
  return openEnvironments({
    folder: join(await makeDataFolder(dataDir), 'python'),
    interpreter: () => findInterpreter(pythonPath ?? 'python3'),
    settings: { ...packages, bubblewrapPath },
    logger,
  });
}

async function openLocal(config: Config, opened: AsyncDisposableStack, logger: Logger) {
  const environments = opened.use(await openHostEnvironments(config, logger));
  return openLocalSandbox({
    pythonPath: config.pythonPath,
    bubblewrapPath: config.bubblewrapPath,
    runFolder: await makeRunFolder(),
    ...runSettings(config),
    // An API alone only checks code.
    idleCells: config.roles.includes('worker') || config.servesSandbox ? config.waitingCells : 1,
    environments,
    preload: config.environments.preload,
    warmEnvironments: config.environments.warm,
    idleEnvironmentMs: config.environments.idleSeconds * 1_000,
    logger,
  });
}

/** What the operator grants to code that this process runs. */
export function runSettings({ pythonPolicy, allowsScratchWrites, runBounds, requestLimits }: Config) {
  return { policy: pythonPolicy ?? 'strict', allowsScratchWrites, bounds: runBounds, requestLimits } as const;
}
