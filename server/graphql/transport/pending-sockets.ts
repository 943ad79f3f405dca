import { isIPv6, type Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { closeReason } from './ws-connection.ts';

/** WebSockets whose `connection_init` is not accepted yet: anybody can open one, so little is held for each of them. */
export interface PendingSockets {
  /** Bounds the socket's bytes and time until `accept` is called, and counts it until then or until it closes. */
  add(socket: WebSocket, connection: Socket): { accept(): void };
}

/** `connection_init` carries a token and little else. */
const MAX_BYTES = 8 * 1024;
/** An honest client sends its `connection_init` at once; behind one proxy there may be many clients. */
const MAX_PER_ADDRESS = 256;
const MAX_IN_ALL = 1_024;

/**
 * Past a limit the oldest pending socket of the address is ended, or the oldest of the address that has most. So a
 * flood of sockets that send nothing ends itself, and the next honest client finds a place. After `maxMs` a socket is
 * ended in any case.
 */
export function makePendingSockets(maxMs: number): PendingSockets {
  const byAddress = new Map<string, Set<WebSocket>>();
  let count = 0;

  function remove(address: string, socket: WebSocket): void {
    const sockets = byAddress.get(address);
    if (!sockets?.delete(socket)) return;
    count -= 1;
    if (sockets.size === 0) byAddress.delete(address);
  }

  function makeRoom(address: string): void {
    const own = byAddress.get(address);
    const crowded = own !== undefined && own.size >= MAX_PER_ADDRESS ? address : null;
    if (crowded === null && count < MAX_IN_ALL) return;
    const from = crowded ?? mostCrowded(byAddress);
    const [oldest] = byAddress.get(from)!;
    remove(from, oldest!);
    oldest!.close(1013, closeReason('Too many WebSockets without `connection_init`: send it at once'));
    oldest!.terminate();
  }

  return {
    add(socket, connection) {
      const address = addressOf(connection);
      makeRoom(address);
      const sockets = byAddress.get(address) ?? new Set();
      byAddress.set(address, sockets.add(socket));
      count += 1;
      const unbound = boundBytes(socket, connection);
      // A closing handshake is no way out: whoever does not answer it stays pending.
      const late = setTimeout(() => socket.terminate(), maxMs);
      const accept = () => {
        remove(address, socket);
        unbound();
        clearTimeout(late);
        socket.off('close', accept);
      };
      socket.once('close', accept);
      return { accept };
    },
  };
}

/**
 * Counted on the connection itself, frames of every kind together: the limit of the ws package is for one message, holds
 * for the life of a socket, and would let a message of 16 MiB arrive byte by byte.
 */
function boundBytes(socket: WebSocket, connection: Socket): () => void {
  let received = 0;
  const onData = (chunk: Buffer) => {
    received += chunk.length;
    if (received <= MAX_BYTES) return;
    if (socket.readyState !== socket.OPEN) return socket.terminate();
    socket.close(1009, closeReason(`Expected \`connection_init\` of at most ${MAX_BYTES} bytes, got more`));
    socket.pause(); // nothing more of it is read, until the time for closing has passed
  };
  connection.prependListener('data', onData);
  return () => void connection.off('data', onData);
}

function mostCrowded(byAddress: ReadonlyMap<string, ReadonlySet<WebSocket>>): string {
  let most = { address: '', size: 0 };
  for (const [address, { size }] of byAddress) if (size > most.size) most = { address, size };
  return most.address;
}

/** One host of IPv6 has a whole network of 64 bits to itself. */
function addressOf({ remoteAddress = '' }: Socket): string {
  if (!isIPv6(remoteAddress) || remoteAddress.startsWith('::ffff:')) return remoteAddress;
  const [head = '', tail = ''] = remoteAddress.split('::');
  const [first, last] = [head, tail].map((part) => part.split(':').filter((group) => group !== ''));
  const zeros = remoteAddress.includes('::') ? Array(8 - first!.length - last!.length).fill('0') : [];
  return [...first!, ...zeros, ...last!].slice(0, 4).join(':');
}
