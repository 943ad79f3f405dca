import { randomBytes } from 'node:crypto';

/** The prefixes tell a reader what an id names; the rest is a UUIDv7 (RFC 9562), so ids sort by creation. */
export type IdPrefix = 'wf' | 'exec' | 'wrk' | 'art';

export function newId(prefix: IdPrefix): string {
  return `${prefix}_${uuidV7(Date.now())}`;
}

export function isId(prefix: IdPrefix, text: string): boolean {
  return text.startsWith(`${prefix}_`) && UUID.test(text.slice(prefix.length + 1));
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

function uuidV7(unixMs: number): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(unixMs, 0, 6);
  bytes[6] = 0x70 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
