import { closeSync, constants, fstatSync, openSync, unlinkSync } from 'node:fs';
import { connect, Socket, type SocketConstructorOpts } from 'node:net';
import type { CellExit } from '../frames.ts';
import { CellChannel } from './channel.ts';
import { namespacesRefused, SandboxProblem } from './problem.ts';

/**
 * One cell, seen from Node: a process that is used once, its output as two pipes, and its private channel as a
 * connection (python/cell.py shows the other side).
 *
 *   making ──ready──▶ waiting ──dispatch──▶ running ──▶ exited      (any of them ──▶ exited)
 *                     │     ▲
 *                     └─────┘ rehearse
 */
export interface Cell {
  readonly stdout: Socket;
  readonly stderr: Socket;
  readonly channel: CellChannel;
  /** Resolves when the cell and every process in it are gone; never rejects. */
  readonly exited: Promise<CellEnd>; // cannot reject: how a cell ended is its value
  /** Called when the kernel refused a system call of this cell. */
  onRefusedCall: (call: string) => void;
  /** Runs a trivial program ahead of the real one (python/rehearsal.py). Rejects when the cell ends meanwhile. */
  rehearse(): Promise<void>;
  /** Sends the request of a run. The fork-server watches the limits of a cell that is not done within 10 ms. */
  dispatch(request: object, limits: CellLimits): void;
  /** Called after the outcome was emitted. Does not wait for the cell to exit, but kills one that lingers for 0.3 s. */
  leave(): void;
  /** Ends the cell: TERM, the grace time, KILL. */
  end(graceMs: number): void;
}

export interface CellLimits {
  memoryMb: number;
  cpuMs: number;
  killAfterMs: number;
}

/** A cell that was requested and may not exist yet. */
export interface CellInMaking {
  /** Resolves when the cell waits for its request; rejects when the host refuses the cell or the cell ends before. */
  readonly ready: Promise<Cell>;
  hasExited: boolean;
}

/** `lost`: the fork-server ended, and the cell with it. */
export type CellEnd = CellExit | { kind: 'lost' };

/** The part of a fork-server that a cell uses. */
export interface CellServer {
  sendControl(frame: object): void;
  /** Called when the fork-server did not do within seconds what takes milliseconds: it hangs, and is killed. */
  killHanging(): void;
}

/** How a fork-server reports what happens to a cell. */
export interface CellHandle {
  cell: CellInMaking;
  exit(end: CellEnd): void;
  refuse(error: Error): void;
  violate(call: string): void;
}

/** Where a fork-server listens, and how Node identifies itself there. */
export interface RoomAddress {
  folder: string;
  /** Secret that only this fork-server and Node know. */
  key: Buffer;
}

const ROLES = ['control', 'cell'] as const;

export function openCell(room: RoomAddress, number: number, server: CellServer): CellHandle {
  const ready = Promise.withResolvers<Cell>();
  const exited = Promise.withResolvers<CellEnd>();
  const channel = new CellChannel(openConnection(room, 'cell', number));
  let cell: Cell | null = null;
  ready.promise.catch(() => {}); // the caller may have stopped waiting for this cell

  channel.onFrame = (frame) => {
    if (frame.kind === 'unready') ready.reject(namespacesRefused(frame.message));
    if (frame.kind !== 'ready' || cell) return;
    const pipes = openPipes(room.folder, number);
    if (!pipes) return ready.reject(notAPipe());
    const [stdout, stderr] = pipes;
    cell = waitingCell({ number, stdout, stderr, channel, exited: exited.promise, server });
    ready.resolve(cell);
  };
  channel.onBadFrame = ready.reject;
  void channel.closed.then(() => cell ?? ready.reject(endedEarly()));
  killUnless(ready.promise, STUCK_AFTER_MS, server);
  const made: CellInMaking = { ready: ready.promise, hasExited: false };
  return {
    cell: made,
    refuse: ready.reject,
    violate: (call) => cell?.onRefusedCall(call),
    exit(end) {
      made.hasExited = true;
      if (end.kind === 'lost') {
        channel.close();
        cell?.stdout.destroy();
        cell?.stderr.destroy();
      }
      if (!cell) ready.reject(endedEarly());
      exited.resolve(end);
    },
  };
}

/** Most runs end sooner and need not wake the fork-server; RLIMIT_DATA bounds those that grow faster. */
const WATCH_AFTER_MS = 10;
/** Of a cell with many short runs: its limits of time begin anew, a little late, because that wakes the fork-server. */
export const WATCH_ANEW_AFTER_MS = 250;
/** Longer than a cell delays its own exit (python/cell.py). */
const LINGER_MS = 300;
const STUCK_AFTER_MS = 10_000;

interface CellParts extends Pick<Cell, 'stdout' | 'stderr' | 'channel' | 'exited'> {
  number: number;
  server: CellServer;
}

function waitingCell({ number, server, ...parts }: CellParts): Cell {
  let watch: NodeJS.Timeout | undefined;
  let watchedAt: number | null = null;
  const watchNow = (limits: CellLimits) => {
    watchedAt = performance.now();
    server.sendControl({ kind: 'watch', cell: number, ...limits });
  };
  return {
    ...parts,
    onRefusedCall: () => {},
    async rehearse() {
      const rehearsed = Promise.withResolvers<'rehearsed'>();
      parts.channel.onFrame = (frame) => frame.kind === 'rehearsed' && rehearsed.resolve(frame.kind);
      parts.channel.send({ kind: 'rehearse' });
      const late = setTimeout(() => this.end(0), STUCK_AFTER_MS);
      const first = await Promise.race([rehearsed.promise, parts.exited]);
      clearTimeout(late);
      if (first !== 'rehearsed') throw endedEarly();
    },
    dispatch(request, limits) {
      parts.channel.send(request);
      if (watchedAt !== null) {
        if (performance.now() - watchedAt > WATCH_ANEW_AFTER_MS) watchNow(limits);
        return;
      }
      if (watch !== undefined) return;
      watch = setTimeout(() => watchNow(limits), WATCH_AFTER_MS);
      void parts.exited.then(() => clearTimeout(watch));
    },
    leave() {
      clearTimeout(watch);
      const late = setTimeout(() => this.end(0), LINGER_MS);
      void parts.exited.then(() => {
        clearTimeout(late);
        parts.channel.close();
      });
    },
    end(graceMs) {
      server.sendControl({ kind: 'end', cell: number, graceMs });
      killUnless(parts.exited, graceMs + STUCK_AFTER_MS, server);
    },
  };
}

/** A fork-server that hangs would hang every run. Killing it ends all its cells, so that their runs fail instead. */
function killUnless(done: Promise<unknown>, withinMs: number, server: CellServer): void {
  const timer = setTimeout(() => server.killHanging(), withinMs);
  const onDone = () => clearTimeout(timer);
  done.then(onDone, onDone);
}

/** Opens a connection and sends the header that states its role; python/forkserver.py parses these bytes. */
export function openConnection(room: RoomAddress, role: (typeof ROLES)[number], number = 0): Socket {
  const header = Buffer.alloc(5);
  header.writeUInt8(ROLES.indexOf(role));
  header.writeUInt32BE(number, 1);
  const socket = connect(`${room.folder}/forkserver.sock`);
  // A reset adds nothing to the close that follows it, and the fork-server reports how the cell ended.
  socket.on('error', () => {});
  socket.write(Buffer.concat([header, room.key]));
  return socket;
}

function openPipes(folder: string, number: number): [Socket, Socket] | null {
  const pipes = [`${folder}/${number}.out`, `${folder}/${number}.err`].map(openPipe);
  const [stdout, stderr] = pipes;
  if (stdout && stderr) return [stdout, stderr];
  for (const pipe of pipes) pipe?.destroy();
  return null;
}

/**
 * The reading end of a run's output. A pipe, because it buffers 64 KiB of small writes where a socket buffers a few
 * hundred writes. A named pipe, because Node cannot receive a descriptor; its name is removed at once. With a
 * high-water mark of 1, pause() really stops reading: otherwise the stream would read 64 KiB ahead, in pieces of a
 * line. Null where the path is not a pipe: the room can write to its folder, and a link there could lead to any host
 * file.
 */
function openPipe(path: string): Socket | null {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    unlinkSync(path);
  } catch {
    return null;
  }
  if (!fstatSync(fd).isFIFO()) {
    closeSync(fd);
    return null;
  }
  const options: SocketConstructorOpts & { highWaterMark: number } = {
    fd,
    writable: false,
    highWaterMark: 1,
  };
  return new Socket(options).on('error', () => {});
}

function endedEarly(): SandboxProblem {
  return new SandboxProblem(
    'PYTHON_SERVICE_ERROR',
    'A sandbox process ended while it was being made',
    'Try again.',
  );
}

function notAPipe(): SandboxProblem {
  return new SandboxProblem(
    'PYTHON_SERVICE_ERROR',
    'Expected a pipe for the output of a sandbox, got something else',
    'A package of this environment may have replaced it; see the log of the server.',
  );
}
