import type { IncomingMessage } from 'node:http';
import { coerceError } from '../shared/errors.ts';
import { HttpError, methodNotAllowed, sendError } from '../shared/http/http-error.ts';
import type { Mount } from '../shared/http/mount.ts';
import type { Logger } from '../shared/logger.ts';
import type { Metrics } from './metrics.ts';

export interface MetricsMountDeps {
  metrics: Metrics;
  /** @throws HttpError 401, 403 */
  authorize: (request: IncomingMessage) => unknown;
  logger: Logger;
}

/** `GET /metrics` */
export function makeMetricsMount({ metrics, authorize, logger }: MetricsMountDeps): Mount {
  return {
    path: '/metrics',
    async handle(request, response) {
      try {
        await authorize(request);
        if (request.method !== 'GET' && request.method !== 'HEAD') throw methodNotAllowed(request, 'GET');
        const text = await metrics.text();
        response.writeHead(200, { 'content-type': metrics.contentType, 'cache-control': 'no-store' });
        response.end(request.method === 'HEAD' ? undefined : text);
      } catch (error) {
        if (!(error instanceof HttpError)) logger.warn({ err: error }, 'the metrics could not be read');
        const unavailable = () => new HttpError(503, 'UNAVAILABLE', coerceError(error).message);
        sendError(request, response, error instanceof HttpError ? error : unavailable());
      }
    },
  };
}
