import { WeftError } from '../shared/errors.ts';

export type FileErrorCode =
  | 'FILE_NOT_FOUND'
  | 'FILE_TOO_LARGE'
  | 'FILE_INCOMPLETE'
  | 'FILE_STORE_ERROR'
  | 'INVALID_FILE_NAME'
  | 'STORAGE_LIMIT';

/** What is wrong with a file, or with where files are kept. */
export class FileError extends WeftError {
  constructor(
    override readonly code: FileErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(code, message, options);
    this.name = 'FileError';
  }

  /** Whether the same may succeed later. */
  get isTransient(): boolean {
    return this.code === 'FILE_STORE_ERROR' || this.code === 'FILE_INCOMPLETE';
  }
}
