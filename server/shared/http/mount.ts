import type { IncomingMessage, ServerResponse } from 'node:http';

/** Something that is served beside what a port is there for, past the same guard. */
export interface Mount {
  /** Without a slash at its end, such as `/sandbox/v1`. */
  path: string;
  /** Answers every request for what lies below the path. Never throws: errors become answers. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

export function mountFor(mounts: readonly Mount[], pathname: string): Mount | undefined {
  return mounts.find(({ path }) => pathname.startsWith(`${path}/`));
}
