import type { EventOf } from '@weft/client';
import { formatBytes, formatDuration } from '../../ui/format.ts';

/** What the log says of a request that the code of a node sent. */
export function requestLine(
  request: Pick<
    EventOf<'NetworkRequest'>,
    'host' | 'method' | 'httpStatus' | 'receivedBytes' | 'durationMs' | 'failureCode'
  >,
): string {
  const { host, method, httpStatus, receivedBytes, durationMs, failureCode } = request;
  const ended = [httpStatus, failureCode].filter((each) => each !== null).join(' ');
  return `${method} ${host} → ${ended}, ${formatBytes(receivedBytes)} in ${formatDuration(durationMs)}\n`;
}
