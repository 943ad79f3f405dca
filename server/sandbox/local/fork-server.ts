import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdir, rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { Logger } from '../../shared/logger.ts';
import { encodeFrame, FrameDecoder, type ServerFrame, serverFrameSchema } from '../frames.ts';
import { type CellHandle, type CellInMaking, type CellServer, openCell, openConnection } from './cell.ts';
import { namespacesRefused, SandboxProblem } from './problem.ts';
import { bubblewrapArguments, ROOM_UID, type RoomOptions } from './room.ts';

/** One bubblewrap room with a fork-server in it (python/forkserver.py), and the connection that commands it. */
export interface ForkServer extends AsyncDisposable {
  /** Asks for a new cell; `cell.ready` tells when it is there. */
  makeCell(): CellInMaking;
  /** Resolves when the room is gone, for whatever reason. */
  readonly closed: Promise<void>;
}

export interface ForkServerOptions extends RoomOptions {
  bubblewrapPath: string;
  logger: Logger;
}

/** A unix socket's path has at most 107; the rest is for its name. */
const MAX_FOLDER_BYTES = 90;
const START_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 1_000;
const MAX_FRAME_BYTES = 64 * 1024;
const MAX_STDERR_CHARACTERS = 4096;

/** Throws SandboxProblem (PYTHON_SANDBOX_UNAVAILABLE) when the room cannot be made. */
export async function startForkServer(options: ForkServerOptions): Promise<ForkServer> {
  if (Buffer.byteLength(options.socketFolder) > MAX_FOLDER_BYTES) {
    throw new Error(
      `Expected a path of at most ${MAX_FOLDER_BYTES} bytes for sockets, got ${options.socketFolder}`,
    );
  }
  // A server that was killed leaves its socket behind.
  await rm(options.socketFolder, { recursive: true, force: true });
  await mkdir(options.socketFolder, { recursive: true, mode: 0o700 });
  if (options.asRoot) await chown(options.socketFolder, ROOM_UID, ROOM_UID);
  const room = spawnRoom(options);
  const closed = new Promise<void>((resolve) => room.once('close', () => resolve()));
  try {
    await waitUntilReady(room, options);
  } catch (error) {
    room.kill('SIGKILL');
    throw error;
  }
  return commandRoom({ room, closed, options });
}

/**
 * An empty environment, because bubblewrap's own PID 1 keeps the one it was started with readable to the
 * room; a session of its own, so that Ctrl-C reaches the server first, which then ends the room in order.
 */
function spawnRoom(options: ForkServerOptions): ChildProcess {
  return spawn(options.bubblewrapPath, bubblewrapArguments(options), {
    env: {},
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
}

async function waitUntilReady(room: ChildProcess, options: ForkServerOptions): Promise<void> {
  let stderr = '';
  room.stderr!.on('data', (text: Buffer) => {
    stderr = `${stderr}${text}`.slice(-MAX_STDERR_CHARACTERS);
    options.logger.warn({ stderr: String(text).trim() }, 'the fork-server wrote to stderr');
  });
  const failed = new Promise<never>((_resolve, reject) => {
    room.once('error', (cause) => reject(noBubblewrap(options.bubblewrapPath, cause)));
    room.once('close', (code) =>
      reject(namespacesRefused(`bubblewrap ended with code ${code}: ${stderr.trim()}`)),
    );
  });
  const timedOut = AbortSignal.timeout(START_TIMEOUT_MS);
  await Promise.race([once(room.stdout as Readable, 'data', { signal: timedOut }), failed]);
}

function noBubblewrap(path: string, cause: Error): SandboxProblem {
  return new SandboxProblem(
    'PYTHON_SANDBOX_UNAVAILABLE',
    `Expected bubblewrap at ${path}, but it does not start: ${cause.message}`,
    'Install it: apt-get install bubblewrap',
  );
}

interface RunningRoom {
  room: ChildProcess;
  closed: Promise<void>;
  options: ForkServerOptions;
}

function commandRoom({ room, closed, options }: RunningRoom): ForkServer {
  const cells = new Map<number, CellHandle>();
  let lastNumber = 0;
  const control = openConnection(options.socketFolder, 'control');
  readControl(control, cells);
  closed.then(() => {
    for (const { exit } of cells.values()) exit({ kind: 'lost' });
    cells.clear();
    control.destroy();
  });
  const server: CellServer = {
    sendControl: (frame) => control.write(encodeFrame(frame)),
    giveUp() {
      options.logger.error('the fork-server hangs and is killed');
      room.kill('SIGKILL');
    },
  };
  return {
    closed,
    makeCell() {
      lastNumber += 1;
      const handle = openCell(options.socketFolder, lastNumber, server);
      cells.set(lastNumber, handle);
      return handle.cell;
    },
    async [Symbol.asyncDispose]() {
      control.end();
      const late = setTimeout(() => room.kill('SIGKILL'), STOP_TIMEOUT_MS);
      await closed;
      clearTimeout(late);
      await rm(options.socketFolder, { recursive: true, force: true });
    },
  };
}

function readControl(control: Socket, cells: Map<number, CellHandle>): void {
  const decoder = new FrameDecoder(serverFrameSchema, MAX_FRAME_BYTES);
  control.on('data', (bytes) => {
    for (const frame of decoder.feed(bytes)) applyFrame(frame, cells);
  });
}

function applyFrame(frame: ServerFrame, cells: Map<number, CellHandle>): void {
  const handle = cells.get(frame.cell);
  if (!handle) return;
  if (frame.kind !== 'violation') cells.delete(frame.cell);
  switch (frame.kind) {
    case 'exit':
      handle.exit(frame);
      break;
    case 'violation':
      handle.violate(frame.call);
      break;
    case 'unavailable':
      handle.refuse(namespacesRefused(frame.message));
      handle.exit({ kind: 'lost' });
      break;
    default:
      frame satisfies never;
  }
}
