import { closeSync, constants, fstatSync, openSync, unlinkSync } from 'node:fs';
import { connect, Socket, type SocketConstructorOpts } from 'node:net';
import type { CellExit } from '../frames.ts';
import { CellChannel } from './channel.ts';
import { namespacesRefused, SandboxProblem } from './problem.ts';

/**
 * One cell as Node holds it: a process that is used once, its output as two pipes and its private channel as
 * a connection (python/cell.py draws its other side).
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
  readonly exited: Promise<CellEnd>;
  /** The kernel refused it this system call. */
  onRefusedCall: (call: string) => void;
  /** Does ahead what most runs do (python/rehearsal.py). Rejects when it ends over it. */
  rehearse(): Promise<void>;
  /** Sends a run's request, and has the run watched if it goes on for a while. */
  dispatch(request: object, limits: { memoryMb: number; cpuMs: number; killAfterMs: number }): void;
  /** The outcome is told: a cell that lives on a little is not waited for, and one that lives on longer is killed. */
  leave(): void;
  /** Ends the cell: TERM, the grace time, KILL. */
  end(graceMs: number): void;
}

/** A cell that was asked for. */
export interface CellInMaking {
  /** Resolves when it waits for its request; rejects when the host refuses it or it ends before. */
  readonly ready: Promise<Cell>;
  hasExited: boolean;
}

/** `lost`: the fork-server is gone, and the cell with it. */
export type CellEnd = CellExit | { kind: 'lost' };

/** What a cell needs of its fork-server. */
export interface CellServer {
  sendControl(frame: object): void;
  /** The fork-server did not do in seconds what takes milliseconds. */
  giveUp(): void;
}

/** What its fork-server tells of a cell. */
export interface CellHandle {
  cell: CellInMaking;
  exit(end: CellEnd): void;
  refuse(error: Error): void;
  violate(call: string): void;
}

/** Where a fork-server listens. */
export interface RoomAddress {
  folder: string;
  /** Known to it and to Node alone. */
  key: Buffer;
}

const ROLES = ['control', 'cell'] as const;

export function openCell(room: RoomAddress, number: number, server: CellServer): CellHandle {
  const ready = Promise.withResolvers<Cell>();
  const exited = Promise.withResolvers<CellEnd>();
  const channel = new CellChannel(openConnection(room, 'cell', number));
  let cell: Cell | null = null;
  ready.promise.catch(() => {}); // nobody may be waiting for this one

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
  giveUpUnless(ready.promise, STUCK_AFTER_MS, server);
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

/** Most runs are over before, and need not wake the fork-server; RLIMIT_DATA bounds those that grow faster. */
const WATCH_AFTER_MS = 10;
/** Longer than a cell lingers by itself (python/cell.py). */
const LINGER_MS = 300;
const STUCK_AFTER_MS = 10_000;

interface CellParts extends Pick<Cell, 'stdout' | 'stderr' | 'channel' | 'exited'> {
  number: number;
  server: CellServer;
}

function waitingCell({ number, server, ...parts }: CellParts): Cell {
  let watch: NodeJS.Timeout | undefined;
  return {
    ...parts,
    onRefusedCall: () => {},
    async rehearse() {
      const rehearsed = Promise.withResolvers<void>();
      parts.channel.onFrame = (frame) => frame.kind === 'rehearsed' && rehearsed.resolve();
      parts.channel.send({ kind: 'rehearse' });
      void parts.exited.then(() => rehearsed.reject(endedEarly()));
      const late = setTimeout(() => this.end(0), STUCK_AFTER_MS);
      await rehearsed.promise.finally(() => clearTimeout(late));
    },
    dispatch(request, limits) {
      parts.channel.send(request);
      watch = setTimeout(
        () => server.sendControl({ kind: 'watch', cell: number, ...limits }),
        WATCH_AFTER_MS,
      );
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
      giveUpUnless(parts.exited, graceMs + STUCK_AFTER_MS, server);
    },
  };
}

/** A fork-server that hangs would otherwise hang every run; without it, all its cells are gone. */
function giveUpUnless(done: Promise<unknown>, withinMs: number, server: CellServer): void {
  const timer = setTimeout(() => server.giveUp(), withinMs);
  const onDone = () => clearTimeout(timer);
  done.then(onDone, onDone);
}

/** Opens a connection and says what it is for; python/forkserver.py reads these bytes. */
export function openConnection(room: RoomAddress, role: (typeof ROLES)[number], number = 0): Socket {
  const header = Buffer.alloc(5);
  header.writeUInt8(ROLES.indexOf(role));
  header.writeUInt32BE(number, 1);
  const socket = connect(`${room.folder}/forkserver.sock`);
  // A reset says no more than the end that follows it, and how the cell ended is told by the fork-server.
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
 * The reading end of a run's output. Pipes, because a socket holds a few hundred small writes where a pipe
 * holds 64 KiB of them; named ones, because Node cannot be handed a descriptor. The name goes at once. A high-water
 * mark of 1 makes pause() stop the reading; otherwise the stream would read 64 KiB ahead, in pieces of a line.
 * Null for what is no pipe: the folder is the room's, and a link in it could name any file of the host.
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
  return new SandboxProblem('PYTHON_SERVICE_ERROR', 'A sandbox ended while it was made', 'Try again.');
}

function notAPipe(): SandboxProblem {
  return new SandboxProblem(
    'PYTHON_SERVICE_ERROR',
    'Expected a pipe for the output of a sandbox, got something else',
    'A package of this environment may have tampered with it; see the log of the server.',
  );
}
