import type { ServerResponse } from 'node:http';
import { sendJson } from './http-error.ts';

/** Whether the server can work now, and if not, why. */
export interface Readiness {
  ready: boolean;
  problem?: string | undefined;
}

/** Liveness: 200 as long as the process runs. */
export function sendHealth(response: ServerResponse): void {
  sendJson(response, 200, { status: 'ok' });
}

/** Readiness: 200 or 503, for load balancers. */
export async function sendReadiness(
  response: ServerResponse,
  isReady: () => Promise<Readiness>,
): Promise<void> {
  const readiness = await isReady();
  sendJson(response, readiness.ready ? 200 : 503, readiness);
}
