import { RawWs } from './raw-ws.ts';
import type { TransportServer } from './transport-server.ts';

/**
 * Resolves when another client has read 1,000 results, of 64 KiB each: by then a client that reads none has had its
 * chance to be sent as many. (There is no event for "nothing more happens".)
 */
export async function otherClientReads({ port }: TransportServer): Promise<void> {
  const client = await new RawWs(port).init();
  client.subscribe('subscription { uncountedFlood }');
  for (let read = 0; read < 1_000; read++) await client.next();
  client.socket.terminate();
}
