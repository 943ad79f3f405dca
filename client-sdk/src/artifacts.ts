import type { Settings } from './options.ts';
import { type RequestOptions, repeated } from './request.ts';
import { download } from './transport/http.ts';

export interface Artifacts {
  /**
   * A file that a run handed out, whole. Its `text()`, `arrayBuffer()` and `stream()` give the content, and its `type`
   * the media type.
   * @param artifact that of an `ArtifactCreated` event
   * @throws WeftNotFoundError when it was deleted with its execution
   */
  download(artifact: { url: string }, options?: RequestOptions): Promise<Blob>;
}

export function makeArtifacts(settings: Settings): Artifacts {
  return {
    download: ({ url }, { signal, timeoutMs } = {}) =>
      repeated(settings.maxRetries, signal, (attempt) =>
        download(settings, url, { signal, timeoutMs, attempt }),
      ),
  };
}
