import type { IncomingMessage } from 'node:http';
import type { Access } from '../../auth/access.ts';
import { type Permission, refusalOf } from '../../auth/permission.ts';
import type { Principal } from '../../auth/principal.ts';
import { HttpError } from '../../shared/http/http-error.ts';
import { type GivenTrace, givenTrace } from '../../shared/trace-context.ts';

/** Who sends an operation, and from where, for the audit trail. */
export interface Caller {
  principal: Principal;
  /** Of the connection; behind a proxy the proxy's. */
  address: string | null;
  /** What the request says of the way that it came, which anybody may write. */
  forwardedFor: string | null;
  /** The trace that the request is in; null for an operation over a WebSocket, whose headers are of the connection. */
  trace: GivenTrace | null;
}

/** @throws HttpError 400, 401, 403 */
export async function callerOf(access: Access, request: IncomingMessage): Promise<Caller> {
  const principal = await access.authenticate(request.headers.authorization, projectOf(request));
  return { principal, ...originOf(request), trace: givenTrace(request.headers) };
}

const PROJECT_HEADER = 'weft-project';

/** In which the request shall act; undefined where it says nothing. */
export function projectOf({ headers }: IncomingMessage): string | undefined {
  return headers[PROJECT_HEADER]?.toString();
}

/** Of a request that is no operation. @throws HttpError 400, 401, 403 */
export async function principalFor(
  access: Access,
  request: IncomingMessage,
  permission: Permission,
): Promise<Principal> {
  const principal = await access.authenticate(request.headers.authorization, projectOf(request));
  const refusal = refusalOf(principal, permission);
  if (refusal !== null) throw new HttpError(403, 'FORBIDDEN', refusal);
  return principal;
}

const MAX_FORWARDED = 200;

export function originOf({ socket, headers }: IncomingMessage): Pick<Caller, 'address' | 'forwardedFor'> {
  const forwarded = headers['x-forwarded-for'];
  return {
    address: socket.remoteAddress ?? null,
    forwardedFor: forwarded === undefined ? null : String(forwarded).slice(0, MAX_FORWARDED),
  };
}

/** What what is open ends with, when its token does. */
export const TOKEN_ENDED = 'Unauthorized: the token was revoked, or has expired';
