import { makeArtifacts } from './artifacts.ts';
import type { Settings } from './options.ts';
import { type RequestOptions, withRetries } from './request.ts';
import { upload } from './transport/http.ts';

/** What can be uploaded: a `File` of a form, bytes, text, or a stream of bytes, which is sent as it comes. */
export type UploadContent =
  | Blob
  | ArrayBuffer
  | Uint8Array<ArrayBuffer>
  | string
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>;

export interface UploadOptions extends RequestOptions {
  /** With an extension, which decides about the type: `report.xlsx`. That of a `File` unless given. */
  name?: string;
}

/** Files for the input of runs, and of their outputs: values `{ $file: id }`. */
export interface Files {
  /**
   * Uploads a file. An input refers to it as `{ $file: file.id }`; one that no execution refers to is deleted after a day,
   * or what the server is set to. Streams need a runtime that sends them, such as Node.
   * @throws WeftRequestError FILE_TOO_LARGE, INVALID_FILE_NAME
   */
  upload(content: UploadContent, options?: UploadOptions): Promise<UploadedFile>;
  /**
   * Downloads a file, as a Blob with its media type as `type`.
   * @param file its id, or a value of an input or an output that refers to it
   * @throws WeftNotFoundError when the file was deleted with its execution
   */
  download(file: string | { $file: string }, options?: RequestOptions): Promise<Blob>;
}

export interface UploadedFile {
  id: string;
  name: string;
  mimeType: string;
  sizeBytes: number;
  /** A path on the server, where a GET downloads it. */
  url: string;
}

/** Files take longer than other requests. */
const FILE_MS = 300_000;

export function makeFiles(settings: Settings): Files {
  const artifacts = makeArtifacts(settings);
  return {
    upload(content, { name = nameOf(content), signal, timeoutMs = FILE_MS } = {}) {
      if (name === undefined) {
        const expected = 'Expected the `name` of the file, such as { name: "report.xlsx" }, got none.';
        return Promise.reject(new TypeError(expected));
      }
      const body = bodyOf(content);
      // What was read cannot be sent again. An upload whose answer was lost is one that nothing refers to.
      const maxRetries = body instanceof ReadableStream ? 0 : settings.maxRetries;
      return withRetries(
        maxRetries,
        signal,
        (attempt) => upload(settings, name, body, { signal, timeoutMs, attempt }) as Promise<UploadedFile>,
      );
    },
    download: (file, { signal, timeoutMs = FILE_MS } = {}) => {
      const id = typeof file === 'string' ? file : file.$file;
      return artifacts.download({ url: `/artifacts/${encodeURIComponent(id)}` }, { signal, timeoutMs });
    },
  };
}

function nameOf(content: UploadContent): string | undefined {
  const { name } = content as { name?: unknown };
  return typeof name === 'string' && name !== '' ? name : undefined;
}

function bodyOf(content: UploadContent): UploadBody {
  const isIterable = typeof content === 'object' && Symbol.asyncIterator in content;
  return isIterable && !(content instanceof ReadableStream) ? streamOf(content) : (content as UploadBody);
}

export type UploadBody = Exclude<UploadContent, AsyncIterable<Uint8Array>> | ReadableStream<Uint8Array>;

/** Not `ReadableStream.from`, which is not everywhere yet. */
function streamOf(content: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const chunks = content[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await chunks.return?.();
    },
  });
}
