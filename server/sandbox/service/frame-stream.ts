import type { ServerResponse } from 'node:http';
import type { SandboxCapacity } from '../backend.ts';
import { HEARTBEAT_MS, MAX_MESSAGE_BYTES, PROTOCOL_VERSION as v } from './protocol.ts';

/** A frame that is over the limit would be refused by the reader in any case. */
export class FrameTooLong extends Error {}

export interface StreamTimes {
  /** Between two heartbeats. */
  heartbeatMs: number;
  /** A client that takes nothing for so long is gone; its run ends with the connection. */
  goneMs: number;
}

const defaultTimes: StreamTimes = { heartbeatMs: HEARTBEAT_MS, goneMs: 300_000 };

export interface StreamOptions<Frame> {
  /** Asked for when the answer begins. */
  first: () => Frame;
  /** Told in heartbeats. */
  capacity: () => SandboxCapacity;
  times?: Partial<StreamTimes> | undefined;
}

/**
 * Frames as lines of a response, at the client's pace: `send` is pending while the client has yet to take what was
 * sent, so whoever awaits it holds no more than one frame. Heartbeats are left out meanwhile.
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
    // When the work is under way, but before its end, even where that comes in a millisecond: the client then reads
    // the beginning while the work goes on.
    setImmediate(() => this.begin());
  }

  /** Undefined when the frame went out at once. @throws FrameTooLong */
  send(frame: Frame): undefined | Promise<void> {
    const line = encode(frame);
    this.begin();
    if (this.response.destroyed || this.response.write(line)) return undefined;
    return this.taken();
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

  private taken(): Promise<void> {
    const { response } = this;
    return new Promise((resolve) => {
      const onTaken = () => {
        response.off('drain', onTaken).off('close', onTaken);
        resolve();
      };
      response.on('drain', onTaken).on('close', onTaken);
    });
  }
}

function encode(frame: object): string {
  const line = `${JSON.stringify(frame)}\n`;
  // A character takes at most three bytes in UTF-8, so that most lines need not be counted.
  if (line.length * 3 > MAX_MESSAGE_BYTES && Buffer.byteLength(line) > MAX_MESSAGE_BYTES)
    throw new FrameTooLong(`Expected at most ${MAX_MESSAGE_BYTES} bytes`);
  return line;
}
