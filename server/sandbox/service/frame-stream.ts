import type { ServerResponse } from 'node:http';
import type { SandboxCapacity } from '../backend.ts';
import { HEARTBEAT_MS, MAX_MESSAGE_BYTES, PROTOCOL_VERSION as v } from './protocol.ts';

/** The frame is over the limit, and its reader would refuse it. */
export class FrameTooLong extends Error {}

export interface StreamTimes {
  /** Time between two heartbeats, milliseconds. */
  heartbeatMs: number;
  /** The connection of a client that reads nothing for this long is closed, which ends its run, milliseconds. */
  goneMs: number;
}

const defaultTimes: StreamTimes = { heartbeatMs: HEARTBEAT_MS, goneMs: 300_000 };

export interface StreamOptions<Frame> {
  /** Makes the first frame, when the answer begins. */
  first: () => Frame;
  /** Sent in heartbeats. */
  capacity: () => SandboxCapacity;
  times?: Partial<StreamTimes> | undefined;
}

/**
 * Frames as lines of a response, sent no faster than the client reads. The promise of `send` is pending until the
 * client has read enough, so a caller that awaits it holds one frame at most. No heartbeats are sent meanwhile.
 */
export class FrameStream<Frame extends object> {
  private readonly heartbeat: NodeJS.Timeout;
  private hasBegun = false;

  constructor(
    private readonly response: ServerResponse,
    private readonly options: StreamOptions<Frame>,
  ) {
    const { capacity, times } = options;
    const { heartbeatMs, goneMs } = { ...defaultTimes, ...times };
    this.heartbeat = setInterval(() => {
      this.begin();
      if (!response.writableNeedDrain) response.write(encode({ v, kind: 'heartbeat', capacity: capacity() }));
    }, heartbeatMs);
    response.once('close', () => clearInterval(this.heartbeat));
    response.setTimeout(goneMs, () => response.destroy());
    // One turn later, so that the work has begun, and yet before the work ends: the client then reads the beginning of
    // the answer while the work goes on.
    setImmediate(() => this.begin());
  }

  /** Returns undefined where the client has read enough to send more. @throws FrameTooLong */
  send(frame: Frame): undefined | Promise<void> {
    const line = encode(frame);
    this.begin();
    if (this.response.destroyed || this.response.write(line)) return undefined;
    return this.drained();
  }

  /** @throws FrameTooLong */
  end(frame: Frame): void {
    const line = encode(frame);
    this.begin();
    clearInterval(this.heartbeat);
    if (!this.response.destroyed) this.response.end(line);
  }

  private begin(): void {
    if (this.hasBegun) return;
    this.hasBegun = true;
    if (this.response.destroyed) return;
    this.response.writeHead(200, {
      'content-type': 'application/x-ndjson; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    });
    this.response.write(encode(this.options.first()));
  }

  private drained(): Promise<void> {
    const { response } = this;
    return new Promise((resolve) => {
      const onDrained = () => {
        response.off('drain', onDrained).off('close', onDrained);
        resolve();
      };
      response.on('drain', onDrained).on('close', onDrained);
    });
  }
}

function encode(frame: object): string {
  const line = `${JSON.stringify(frame)}\n`;
  // A UTF-16 unit takes three bytes of UTF-8 at most, so most lines need no exact count.
  if (line.length * 3 > MAX_MESSAGE_BYTES && Buffer.byteLength(line) > MAX_MESSAGE_BYTES)
    throw new FrameTooLong(`Expected at most ${MAX_MESSAGE_BYTES} bytes`);
  return line;
}
