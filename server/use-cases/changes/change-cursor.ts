import { WeftError } from '../../shared/errors.ts';

/**
 * A place in the feed. The feed is in the order of (txid, executionId, sequence): `sequence` 0 is before all changes of
 * the transaction. Only transactions are read that are over, and before which all are over, so nothing is added before a
 * place that was read.
 */
export interface Place {
  /** A 64-bit number. */
  txid: bigint;
  executionId: string;
  sequence: number;
  /** When this was the end, or the change occurred: what the age of a cursor is counted from. */
  at: Date;
}

/** Clients treat it as opaque. It names the feed, because transactions of a restored database have other numbers. */
export function toChangeCursor(feedId: string, { txid, executionId, sequence, at }: Place): string {
  return [feedId, txid, at.getTime(), executionId, sequence].join('.');
}

const CURSOR = /^([0-9a-f]{12})\.(\d{1,20})\.(\d{1,15})\.([\w-]{0,60})\.(\d{1,10})$/;
const MAX_TXID = 2n ** 64n;

/** @throws WeftError INVALID_CURSOR, and CURSOR_EXPIRED where it is of another feed or older than `since` */
export function placeOfChangeCursor(feedId: string, since: Date, cursor: string): Place {
  const [, feed, txid, at, executionId, sequence] = CURSOR.exec(cursor) ?? [];
  if (feed === undefined || BigInt(txid!) >= MAX_TXID)
    throw new WeftError(
      'INVALID_CURSOR',
      `Expected \`after\` to be a cursor of the feed of changes, \`oldest\` or \`newest\`, got ${JSON.stringify(cursor.slice(0, 80))}.`,
    );
  if (feed !== feedId)
    throw expired('is of another database, or of this one before it was restored from a backup');
  const place = {
    txid: BigInt(txid!),
    executionId: executionId!,
    sequence: Number(sequence),
    at: new Date(Number(at)),
  };
  if (!(place.at >= since))
    throw expired(`is older than what is kept, which is since ${since.toISOString()}`);
  return place;
}

/** For a place that this database cannot have given. */
export function pastTheFeed(): WeftError {
  return expired('is past the end of the feed: this database was restored from a backup');
}

function expired(why: string): WeftError {
  return new WeftError(
    'CURSOR_EXPIRED',
    `The cursor ${why}, so changes may be missing between it and the next one. Read the executions anew, and go on from \`oldest\` or \`newest\`.`,
  );
}
