import type { Settings } from './options.ts';
import { type RequestOptions, withRetries } from './request.ts';
import { download } from './transport/http.ts';

export interface Artifacts {
  /**
   * Downloads a file that a run saved, as a Blob with its media type as `type`.
   * @param artifact the `artifact` of an `ArtifactCreated` event
   * @throws WeftNotFoundError when the file was deleted with its execution
   */
  download(artifact: { url: string }, options?: RequestOptions): Promise<Blob>;
}

export function makeArtifacts(settings: Settings): Artifacts {
  return {
    download: ({ url }, { signal, timeoutMs } = {}) =>
      withRetries(settings.maxRetries, signal, (attempt) =>
        download(settings, url, { signal, timeoutMs, attempt }),
      ),
  };
}
