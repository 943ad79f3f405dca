/** Keeps the content of files by keys, each of which is written once. */
export interface ContentStore {
  /** Leaves nothing that is readable where it fails; `delete` removes what is left. */
  write(key: string, content: AsyncIterable<Buffer>): Promise<void>;
  /** @throws FileError FILE_STORE_ERROR, at the first piece where there is no such content */
  read(key: string): AsyncIterable<Buffer>;
  /** Also of content that was never written, or only begun. */
  delete(key: string): Promise<void>;
}
