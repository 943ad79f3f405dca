import { openApi } from './compose/api.ts';
import { type Foundation, openParts } from './compose/parts.ts';
import { openSandboxes } from './compose/sandboxes.ts';
import { maxConnections, openHealth } from './compose/served.ts';
import { openWorker } from './compose/worker.ts';
import type { Config } from './config/environment.ts';
import type { SandboxService } from './sandbox/service/service.ts';
import { openPlainServer } from './shared/http/plain-server.ts';
import type { Logger } from './shared/logger.ts';

export interface RunningServer extends AsyncDisposable {
  /** Where operations go; without the api role, where sandbox clients or health checks go, or null. */
  url: string | null;
}

/** Wires the parts together; disposing closes them, last in, first out. */
export async function compose(config: Config, logger: Logger): Promise<RunningServer> {
  for (const warning of config.warnings) logger.warn(warning);
  await using opened = new AsyncDisposableStack();
  const { sandbox, service } = await openSandboxes(config, opened, logger);
  const url =
    sandbox === null
      ? await serveAlone(config, opened, service, logger)
      : await openWeft({ config, opened, sandbox, service, logger });
  if (service !== null) opened.defer(() => service.drain(config.shutdownGraceMs));
  const owned = opened.move();
  return { url, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** A sandbox service and nothing else: no database is opened, because code that got out of its sandbox would be in here. */
async function serveAlone(
  config: Config,
  opened: AsyncDisposableStack,
  service: SandboxService,
  logger: Logger,
): Promise<string> {
  const { isReady } = service;
  const served = { mounts: [service], maxConnections: maxConnections(config, logger), logger };
  const { host, port } = config;
  const { origin } = opened.use(await openPlainServer({ host, port, isReady, ...served }));
  return `${origin}${service.path}`;
}

/** The API and the worker, or one of them. */
async function openWeft(foundation: Foundation): Promise<string | null> {
  const { roles } = foundation.config;
  const parts = await openParts(foundation);
  const worker = roles.includes('worker') ? await openWorker(parts) : null;
  return roles.includes('api') ? openApi(parts, worker) : openHealth(parts);
}
