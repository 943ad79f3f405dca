import { connect, type Socket } from 'node:net';
import { type CellExit, type CellFrame, cellFrameSchema, encodeFrame, FrameDecoder } from '../frames.ts';
import { namespacesRefused, SandboxProblem } from './problem.ts';

/**
 * One cell as Node holds it: three connections to the fork-server's socket, which become the stdout, the
 * stderr and the private channel of one process that is used once (python/cell.py draws its other side).
 *
 *   making ──ready──▶ waiting ──dispatch──▶ running ──▶ exited      (any of them ──▶ exited)
 */
export interface Cell {
  readonly stdout: Socket;
  readonly stderr: Socket;
  readonly channel: Socket;
  /** Resolves when the cell waits for its request; rejects when it ended before. */
  readonly ready: Promise<void>;
  /** Resolves when the cell and every process in it are gone; never rejects. */
  readonly exited: Promise<CellEnd>;
  hasExited: boolean;
  onFrame: (frame: CellFrame) => void;
  /** The cell sent what is no frame; nothing more is read from it. */
  onBadFrame: (error: Error) => void;
  dispatch(request: object, limits: { memoryMb: number; killAfterMs: number }): void;
  /** Ends the cell: TERM, the grace time, KILL. */
  end(graceMs: number): void;
}

/** `lost`: the fork-server is gone, and the cell with it. */
export type CellEnd = CellExit | { kind: 'lost' };

export interface CellHandle {
  cell: Cell;
  exit: (end: CellEnd) => void;
  fail: (error: Error) => void;
}

/** A result is bounded before this, on the Python side, with a clearer error. */
const MAX_FRAME_BYTES = 32 * 1024 * 1024;
/** Most runs are over before, and need not wake the fork-server; RLIMIT_DATA bounds those that grow faster. */
const WATCH_AFTER_MS = 10;
const roles = { control: 0, stdout: 1, stderr: 2, channel: 3 };

export function openCell(
  socketPath: string,
  number: number,
  sendControl: (frame: object) => void,
): CellHandle {
  const [stdout, stderr, channel] = (['stdout', 'stderr', 'channel'] as const).map((role) =>
    openConnection(socketPath, role, number),
  ) as [Socket, Socket, Socket];
  const ready = Promise.withResolvers<void>();
  const exited = Promise.withResolvers<CellEnd>();
  ready.promise.catch(() => {}); // nobody may be waiting for this one

  const cell: Cell = {
    stdout,
    stderr,
    channel,
    ready: ready.promise,
    exited: exited.promise,
    hasExited: false,
    onFrame: () => {},
    onBadFrame: () => {},
    dispatch(request, limits) {
      channel.write(encodeFrame(request));
      const watch = setTimeout(() => sendControl({ kind: 'watch', cell: number, ...limits }), WATCH_AFTER_MS);
      exited.promise.then(() => clearTimeout(watch));
    },
    end: (graceMs) => sendControl({ kind: 'end', cell: number, graceMs }),
  };
  const fail = (error: Error) => ready.reject(error);
  readFrames(cell, (frame) => {
    if (frame.kind === 'ready') ready.resolve();
    else if (frame.kind === 'unready') fail(namespacesRefused(frame.message));
    else cell.onFrame(frame);
  });
  const exit = (end: CellEnd) => {
    cell.hasExited = true;
    fail(new SandboxProblem('PYTHON_SERVICE_ERROR', 'The sandbox ended while it was made', 'Try again.'));
    exited.resolve(end);
  };
  return { cell, exit, fail };
}

/** Opens one connection and says what it is for; python/forkserver.py reads these five bytes. */
export function openConnection(socketPath: string, role: keyof typeof roles, number = 0): Socket {
  const header = Buffer.alloc(5);
  header.writeUInt8(roles[role]);
  header.writeUInt32BE(number, 1);
  const socket = connect(socketPath);
  // A reset says no more than the end that follows it, and how the cell ended is told by the fork-server.
  socket.on('error', () => {});
  socket.write(header);
  return socket;
}

function readFrames(cell: Cell, onFrame: (frame: CellFrame) => void): void {
  const decoder = new FrameDecoder(cellFrameSchema, MAX_FRAME_BYTES);
  cell.channel.on('data', (bytes) => {
    try {
      for (const frame of decoder.feed(bytes)) onFrame(frame);
    } catch (error) {
      cell.channel.destroy();
      cell.onBadFrame(error as Error);
    }
  });
}
