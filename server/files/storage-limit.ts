import { sqlState } from '../db/errors.ts';
import { FileError } from './file-error.ts';

export interface Stored {
  project: string;
  storedBytes: number;
  maxStoredBytes: number;
}

/** Why the database refused a file; null where it did not refuse it for this. */
export function storageError(error: unknown): FileError | null {
  if (sqlState(error) !== 'WF001') return null;
  const { addedBytes, ...stored } = JSON.parse((error as { detail: string }).detail) as Stored & {
    addedBytes: number;
  };
  const message = `A file of ${sizeOf(addedBytes)} has no room: ${fullMessage(stored)}`;
  return new FileError('STORAGE_LIMIT', message, { cause: error });
}

/** Why a project takes nothing more. */
export function fullMessage({ project, storedBytes, maxStoredBytes }: Stored): string {
  return `The project ${project} stores ${sizeOf(storedBytes)} of at most ${sizeOf(maxStoredBytes)}. Wait until old executions and their files are deleted, or raise its limit.`;
}

/** As people read it; of little, each byte. */
function sizeOf(bytes: number): string {
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  if (bytes < 10_240) return `${bytes} bytes`;
  const power = Math.min(units.length, Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1_024 ** power).toFixed(1)} ${units[power - 1]}`;
}
