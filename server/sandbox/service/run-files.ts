import type { IncomingMessage, ServerResponse } from 'node:http';
import { readJsonBody } from '../../shared/http/body.ts';
import { HttpError, sendJson } from '../../shared/http/http-error.ts';
import type { FileRefusal, RunFile } from '../backend.ts';
import { FILE_NAME_HEADER, fileRefusalSchema, PROTOCOL_VERSION as v } from './protocol.ts';

/** The file that a run waits for: it is asked for in the answer to the run, and comes in a request of its own. */
export class RunFiles {
  private last = 0;
  private awaited: { number: number; resolve: (file: RunFile | FileRefusal) => void } | null = null;
  private readonly over = Promise.withResolvers<never>();
  /** Called when the run has all of the file, or goes on without the rest. */
  private taken = () => {};

  constructor(private readonly ask: (number: number, file: string) => void | Promise<void>) {
    this.over.promise.catch(() => {});
  }

  async open(file: string): Promise<RunFile | FileRefusal> {
    this.taken();
    this.last += 1;
    const { promise, resolve } = Promise.withResolvers<RunFile | FileRefusal>();
    this.awaited = { number: this.last, resolve };
    await this.ask(this.last, file);
    return Promise.race([promise, this.over.promise]);
  }

  /** The run is over: what is still being sent is not read. */
  end(): void {
    this.taken();
    this.over.reject(new Error('the run is over'));
  }

  /** Resolves when the run has taken the file. @throws HttpError */
  async receive(number: number, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { awaited } = this;
    if (awaited?.number !== number)
      throw new HttpError(404, 'NOT_FOUND', `The run does not wait for a file ${number}.`);
    this.awaited = null;
    if (request.headers[FILE_NAME_HEADER] === undefined)
      awaited.resolve(await readRefusal(request, response));
    else await this.handOver(request, awaited.resolve);
    sendJson(response, 200, { v, received: true });
  }

  private handOver(request: IncomingMessage, resolve: (file: RunFile) => void): Promise<void> {
    const { promise, resolve: taken } = Promise.withResolvers<void>();
    this.taken = taken;
    async function* content(): AsyncGenerator<Buffer> {
      yield* request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
      taken();
      if (!request.complete) throw new Error('the client broke off a file');
    }
    const name = decodeURIComponent(String(request.headers[FILE_NAME_HEADER]));
    const sizeBytes = Number(request.headers['content-length']);
    resolve({ name, sizeBytes, content: { [Symbol.asyncIterator]: content } });
    return promise;
  }
}

const MAX_REFUSAL_BYTES = 64 * 1024;

async function readRefusal(request: IncomingMessage, response: ServerResponse): Promise<FileRefusal> {
  const parsed = fileRefusalSchema.safeParse(
    await readJsonBody(request, response, { maxBytes: MAX_REFUSAL_BYTES }),
  );
  if (parsed.success) return { refused: parsed.data.refused };
  throw new HttpError(400, 'BAD_REQUEST', 'Expected a file with its name, or the reason why there is none.');
}
