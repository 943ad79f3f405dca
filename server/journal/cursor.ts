import { WeftError } from '../shared/errors.ts';

/**
 * A cursor names a place in one execution's journal: just after event `sequence`. Clients treat it as opaque.
 * It carries the execution so that a cursor given back for another one is refused and not misread.
 */
export function toCursor(executionId: string, sequence: number): string {
  return `${executionId}:${sequence}`;
}

/** @throws WeftError INVALID_CURSOR */
export function sequenceOfCursor(executionId: string, cursor: string): number {
  const at = cursor.lastIndexOf(':');
  const sequence = /^\d{1,10}$/.test(cursor.slice(at + 1)) ? Number(cursor.slice(at + 1)) : -1;
  if (at < 0 || sequence < 0) {
    throw invalidCursor(
      `Expected \`after\` to be a cursor of execution ${executionId}, got ${JSON.stringify(cursor.slice(0, 80))}.`,
    );
  }
  if (cursor.slice(0, at) !== executionId) {
    throw invalidCursor(
      `The cursor belongs to execution ${cursor.slice(0, at).slice(0, 60)}, not to ${executionId}. Use a cursor from this execution's events, or none to read from the start.`,
    );
  }
  return sequence;
}

/** For a cursor that this journal cannot have given: invented, or of a database that was since restored from a backup. */
export function pastTheEnd(executionId: string, sequence: number, last: number): WeftError {
  return invalidCursor(
    `The cursor is past the end of execution ${executionId}: it is after event ${sequence}, and the last one is ${last}. Use a cursor from this execution's events, or none to read from the start.`,
  );
}

function invalidCursor(message: string): WeftError {
  return new WeftError('INVALID_CURSOR', message);
}
