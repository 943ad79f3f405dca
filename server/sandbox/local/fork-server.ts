import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdir } from 'node:fs/promises';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { coerceError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logger.ts';
import { killGroup, startExpendable } from '../../shared/process-table.ts';
import { removeFolder } from '../../shared/remove-folder.ts';
import { encodeFrame, FrameDecoder, FrameError, type ServerFrame, serverFrameSchema } from '../frames.ts';
import { type CellHandle, type CellInMaking, type CellServer, openCell, openConnection } from './cell.ts';
import { type ControlGroups, removeGroup } from './control-group.ts';
import { namespacesRefused, PreloadProblem, SandboxProblem } from './problem.ts';
import { bubblewrapArguments, ROOM_GROUP_FOLDER, ROOM_UID, type RoomOptions } from './room.ts';

/** One bubblewrap room with a fork-server in it (python/forkserver.py), and the connection that controls it. */
export interface ForkServer extends AsyncDisposable {
  /** Requests a new cell; its `ready` resolves when the cell exists. */
  makeCell(): CellInMaking;
  /** Resolves when the room has ended, for whatever reason. */
  readonly closed: Promise<void>; // cannot reject: it resolves when the socket closes
}

export interface ForkServerOptions extends Omit<RoomOptions, 'config' | 'controlGroup'> {
  /** See `ForkServerConfig`; the key and the control group are added here. */
  config: object;
  /** Null where this host delegates no control group. */
  controlGroups: ControlGroups | null;
  bubblewrapPath: string;
  /** Limit on the import of one package, milliseconds. */
  importTimeoutMs?: number | undefined;
  /** Aborts the start. Has no effect on a fork-server that is up. */
  signal: AbortSignal;
  logger: Logger;
}

/** The path of a unix socket has at most 107 bytes; the rest is for its name. */
const MAX_FOLDER_BYTES = 90;
const START_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 1_000;
const MAX_FRAME_BYTES = 64 * 1024;
/** An honest fork-server sends one frame for the end of each run and one for each of at most 20 refused calls in it. */
const MAX_FRAMES_PER_SECOND = 20_000;
const MAX_STDERR_CHARACTERS = 4096;
const MAX_LOGGED_CHARACTERS = 64 * 1024;
const MAX_START_CHARACTERS = 64 * 1024;

/**
 * Package code may have run in the fork-server, so its frames are checked like those of cells.
 * Throws SandboxProblem (PYTHON_SANDBOX_UNAVAILABLE) when the room cannot be made, and PreloadProblem when a package
 * cannot be imported ahead.
 */
export async function startForkServer(options: ForkServerOptions): Promise<ForkServer> {
  if (Buffer.byteLength(options.socketFolder) > MAX_FOLDER_BYTES) {
    throw new Error(
      `Expected a path of at most ${MAX_FOLDER_BYTES} bytes for sockets, got ${options.socketFolder}`,
    );
  }
  // A server that was killed leaves its socket behind.
  await removeFolder(options.socketFolder);
  await mkdir(options.socketFolder, { recursive: true, mode: 0o700 });
  if (options.asRoot) await chown(options.socketFolder, ROOM_UID, ROOM_UID);
  const key = randomBytes(16);
  const controlGroup = (await options.controlGroups?.makeRoom(options.asRoot ? ROOM_UID : null)) ?? null;
  const config = {
    ...options.config,
    key: key.toString('hex'),
    controlGroup: controlGroup && ROOM_GROUP_FOLDER,
  };
  const room = spawnRoom({ ...options, config, controlGroup });
  // cannot reject: see ForkServer
  const closed = new Promise<void>((resolve) => room.once('close', () => resolve())).then(
    async () => void (controlGroup !== null && (await removeGroup(controlGroup))),
  );
  try {
    await waitUntilReady(room, options);
  } catch (error) {
    killGroup(room);
    throw error;
  }
  return controlRoom({ room, closed, key, options });
}

/**
 * The environment is empty, because bubblewrap's own PID 1 keeps it readable for the room. The room has its own
 * session, so that Ctrl-C reaches only the server, which then ends the room in order.
 */
function spawnRoom(options: RoomOptions & { bubblewrapPath: string }): ChildProcess {
  return startExpendable(() =>
    spawn(options.bubblewrapPath, bubblewrapArguments(options), {
      env: {},
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    }),
  );
}

async function waitUntilReady(room: ChildProcess, options: ForkServerOptions): Promise<void> {
  const ready = Promise.withResolvers<void>();
  room.once('error', (cause) => ready.reject(noBubblewrap(options.bubblewrapPath, cause)));
  // Without a free descriptor on the host, the process has no streams, and `error` follows.
  if (!room.stdout || !room.stderr) return ready.promise;
  const stderr = logStderr(room.stderr, options);
  let importing: string | null = null;
  const fail = (why: string, other: () => Error) =>
    ready.reject(importing === null ? other() : new PreloadProblem(importing, why));
  const onLate = () => fail('it takes too long', () => namespacesRefused('the room does not start'));
  let late = setTimeout(onLate, START_TIMEOUT_MS);
  const onAbort = () => ready.reject(options.signal.reason);
  options.signal.addEventListener('abort', onAbort, { once: true });
  room.once('close', (code) =>
    fail('it crashes', () => namespacesRefused(`bubblewrap ended with code ${code}: ${stderr().trim()}`)),
  );
  const stop = readStartLines(room.stdout, (line) => {
    clearTimeout(late);
    late = setTimeout(onLate, options.importTimeoutMs ?? START_TIMEOUT_MS);
    const [status, module = '', ...why] = line.split(' ');
    if (status === 'ready') ready.resolve();
    if (status === 'importing') importing = module;
    if (status === 'unfit') ready.reject(new PreloadProblem(module, why.join(' ')));
  });
  return ready.promise.finally(() => {
    stop();
    clearTimeout(late);
    options.signal.removeEventListener('abort', onAbort);
  });
}

/** Passes on the lines of the stream until it is stopped, up to a limit; what follows is discarded. */
function readStartLines(stream: Readable, onLine: (line: string) => void): () => void {
  let text = '';
  let characters = 0;
  const onData = (bytes: Buffer) => {
    characters += bytes.length;
    if (characters > MAX_START_CHARACTERS) return;
    const lines = `${text}${bytes}`.split('\n');
    text = lines.pop()!;
    for (const line of lines) onLine(line);
  };
  stream.on('data', onData);
  return () => void stream.off('data', onData).resume();
}

/** Logs what the room writes to stderr, up to a limit; the function that it returns gets the last part of that text. */
function logStderr(stream: Readable, { logger }: ForkServerOptions): () => string {
  let tail = '';
  let characters = 0;
  stream.on('data', (text: Buffer) => {
    characters += text.length;
    if (characters > MAX_LOGGED_CHARACTERS) return;
    tail = `${tail}${text}`.slice(-MAX_STDERR_CHARACTERS);
    logger.warn({ stderr: String(text).trim() }, 'the fork-server wrote to stderr');
  });
  return () => tail;
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
  closed: Promise<void>; // cannot reject: see ForkServer
  key: Buffer;
  options: ForkServerOptions;
}

function controlRoom({ room, closed, key, options }: RunningRoom): ForkServer {
  const cells = new Map<number, CellHandle>();
  let lastNumber = 0;
  const address = { folder: options.socketFolder, key };
  const control = openConnection(address, 'control');
  readControl(control, cells, (problem) => {
    options.logger.error({ problem }, 'the fork-server broke the protocol and is killed');
    killGroup(room);
  });
  void closed.then(() => {
    for (const { exit } of cells.values()) exit({ kind: 'lost' });
    cells.clear();
    control.destroy();
  });
  const server: CellServer = {
    sendControl: (frame) => control.write(encodeFrame(frame)),
    killHanging() {
      options.logger.error('the fork-server hangs and is killed');
      killGroup(room);
    },
  };
  return {
    closed,
    makeCell() {
      lastNumber += 1;
      const handle = openCell(address, lastNumber, server);
      cells.set(lastNumber, handle);
      return handle.cell;
    },
    async [Symbol.asyncDispose]() {
      control.end();
      const late = setTimeout(() => killGroup(room), STOP_TIMEOUT_MS);
      await closed;
      clearTimeout(late);
      await removeFolder(options.socketFolder);
    },
  };
}

function readControl(
  control: Socket,
  cells: Map<number, CellHandle>,
  onProblem: (problem: string) => void,
): void {
  const decoder = new FrameDecoder(serverFrameSchema, MAX_FRAME_BYTES);
  let frames = 0;
  let second = 0;
  control.on('data', (bytes) => {
    const now = Math.floor(performance.now() / 1000);
    if (now !== second) [second, frames] = [now, 0];
    try {
      for (const frame of decoder.feed(bytes)) {
        frames += 1;
        if (frames > MAX_FRAMES_PER_SECOND) throw new FrameError('too many frames');
        applyFrame(frame, cells);
      }
    } catch (error) {
      control.destroy();
      onProblem(coerceError(error).message);
    }
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
