import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { coerceError } from '../../shared/errors.ts';
import { makeBearerCheck } from '../../shared/http/bearer.ts';
import { readJsonBody } from '../../shared/http/body.ts';
import type { Readiness } from '../../shared/http/health.ts';
import { HttpError, sendError, sendJson } from '../../shared/http/http-error.ts';
import type { Mount } from '../../shared/http/mount.ts';
import { version } from '../../shared/version.ts';
import { prepareFor } from './prepare.ts';
import {
  BASE_PATH,
  cancelRequestSchema,
  checkRequestSchema,
  type Health,
  MAX_MESSAGE_BYTES,
  prepareRequestSchema,
  runRequestSchema,
  PROTOCOL_VERSION as v,
} from './protocol.ts';
import { Runs, type RunsOptions } from './runs.ts';

export interface SandboxServiceOptions extends RunsOptions {
  /** Bearer token that every request must have; undefined allows all requests, which is safe on loopback only. */
  token: string | undefined;
}

export interface SandboxService extends Mount {
  isReady(): Promise<Readiness>;
  /** Refuses new runs and resolves when the active ones have ended; those still active after the grace are aborted. */
  drain(graceMs: number): Promise<void>;
}

/** Serves a sandbox over HTTP, as PROTOCOL.md describes. Apart from active runs it has no state of its own. */
export function makeSandboxService(options: SandboxServiceOptions): SandboxService {
  const authorize = makeBearerCheck(
    options.token,
    "The token is the one in the service's PYTHON_SERVICE_TOKEN",
  );
  const runs = new Runs(options);
  return {
    path: BASE_PATH,
    async handle(request, response) {
      try {
        authorize(request.headers.authorization);
        await route({ ...options, runs }, request, response);
      } catch (error) {
        sendError(request, response, error instanceof HttpError ? error : unexpected(error, options));
      }
    },
    async isReady() {
      const { state, problem } = await stateOf({ ...options, runs });
      return { ready: state === 'ok', problem: problem ?? undefined };
    },
    drain: (graceMs) => runs.drain(graceMs),
  };
}

type Deps = SandboxServiceOptions & { runs: Runs };

async function route(deps: Deps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { backend, runs } = deps;
  const pathname = (request.url ?? '/').split('?', 1)[0]!;
  const [noun, id, ...verb] = pathname.slice(BASE_PATH.length + 1).split('/');
  const [what, number] = verb;
  const parts = [
    noun,
    ...(id === undefined ? [] : ['<id>']),
    ...(number === undefined ? verb : [what, '<n>']),
  ];
  const path = parts.join('/');
  const answer = (body: object) => sendJson(response, 200, { v, ...body });
  switch (`${request.method} ${path}`) {
    case 'POST runs':
      return runs.start(await read(runRequestSchema, request, response), response);
    case 'POST runs/<id>/cancel': {
      const { force } = await read(cancelRequestSchema, request, response);
      await runs.cancel(id!, force);
      return answer({ ended: true });
    }
    case 'POST runs/<id>/files/<n>':
      return runs.receiveFile(id!, Number(number), request, response);
    case 'POST checks': {
      const { code, packages, policy, hosts } = await read(checkRequestSchema, request, response);
      return answer(await backend.check(code, { packages, policy, hosts }));
    }
    case 'GET environments':
      return answer({ environments: await backend.environments.list() });
    case 'POST environments': {
      const { packages } = await read(prepareRequestSchema, request, response);
      return prepareFor(deps, packages, response);
    }
    case 'DELETE environments/<id>':
      return answer({ deleted: await backend.environments.delete(id!) });
    case 'GET status':
      return answer({ status: await backend.status() });
    case 'GET health':
      return answer({ ...(await stateOf(deps)), version, capacity: backend.capacity() });
    default:
      throw new HttpError(
        404,
        'NOT_FOUND',
        `Expected a request of version ${v} of the sandbox protocol, got ${request.method} ${pathname}.`,
      );
  }
}

/** Not `ok` where the host cannot run Python: the service would fail each run at once, and so be the least busy. */
async function stateOf({ backend, runs }: Deps): Promise<Pick<Health, 'state' | 'problem'>> {
  if (runs.draining) return { state: 'draining', problem: 'it is shutting down' };
  const { problem } = await backend.status();
  return problem === null
    ? { state: 'ok', problem: null }
    : { state: 'unavailable', problem: `${problem.message}. ${problem.remedy}` };
}

async function read<Body>(
  schema: z.ZodType<Body>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Body> {
  const parsed = schema.safeParse(await readJsonBody(request, response, { maxBytes: MAX_MESSAGE_BYTES }));
  if (parsed.success) return parsed.data;
  throw new HttpError(
    400,
    'BAD_REQUEST',
    `Expected a request of version ${v} of the sandbox protocol: ${z.prettifyError(parsed.error)}`,
  );
}

function unexpected(thrown: unknown, { logger }: SandboxServiceOptions): HttpError {
  logger.error({ err: coerceError(thrown) }, 'a request to the sandbox service failed unexpectedly');
  return new HttpError(500, 'INTERNAL_ERROR', 'The service failed to answer; see its log for the reason.');
}
