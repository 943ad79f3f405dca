import type { EventOf } from '@weft/client';
import { formatBytes, formatDuration } from '../../ui/format.ts';

/** What the log says of a request that the code of a node sent. */
export function requestLine(
  request: Pick<
    EventOf<'NetworkRequest'>,
    'host' | 'method' | 'httpStatus' | 'receivedBytes' | 'durationMs' | 'failure'
  >,
): string {
  const { host, method, httpStatus, receivedBytes, durationMs, failure } = request;
  const ended = [httpStatus, failure].filter((each) => each !== null).join(' ');
  return `${method} ${host} → ${ended}, ${formatBytes(receivedBytes)} in ${formatDuration(durationMs)}\n`;
}
