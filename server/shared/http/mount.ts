import type { IncomingMessage, ServerResponse } from 'node:http';

/** A service that shares the port, and the guard, of another. */
export interface Mount {
  /** Without a slash at its end, such as `/sandbox/v1`. */
  path: string;
  /** Responds to every request of the path, and below it. Never throws: errors become responses. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

export function mountFor(mounts: readonly Mount[], pathname: string): Mount | undefined {
  return mounts.find(({ path }) => pathname === path || pathname.startsWith(`${path}/`));
}
