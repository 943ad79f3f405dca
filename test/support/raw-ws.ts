import { once } from 'node:events';
import { type ClientOptions, WebSocket } from 'ws';

/** A WebSocket that speaks graphql-transport-ws by hand, for what a well-behaved client would not do. */
export class RawWs {
  readonly socket: WebSocket;
  readonly #received: unknown[] = [];
  #wake = () => {};

  constructor(port: number, options: ClientOptions = {}) {
    this.socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, 'graphql-transport-ws', options);
    this.socket.on('message', (data) => {
      this.#received.push(JSON.parse(String(data)));
      this.#wake();
    });
  }

  /** Opens the socket and is acknowledged. */
  async init(payload?: Record<string, unknown>): Promise<this> {
    await once(this.socket, 'open');
    this.send({ type: 'connection_init', payload });
    await this.next();
    return this;
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  subscribe(query: string, id = '1'): void {
    this.send({ id, type: 'subscribe', payload: { query } });
  }

  async next(): Promise<Record<string, unknown>> {
    while (this.#received.length === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#received.shift() as Record<string, unknown>;
  }

  async closed(): Promise<[code: number, reason: string]> {
    const [code, reason] = await once(this.socket, 'close');
    return [code, String(reason)];
  }
}
