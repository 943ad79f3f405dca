import { randomUUID } from 'node:crypto';

/** The prefix says what an id identifies; the rest is a UUIDv7 (RFC 9562), so ids sort by creation. */
export type IdPrefix =
  | 'wf'
  | 'exec'
  | 'wrk'
  | 'art'
  | 'appr'
  | 'sch'
  | 'tok'
  | 'aud'
  | 'wh'
  | 'whr'
  | 'whe'
  | 'dlv';

export function newId(prefix: IdPrefix): string {
  return `${prefix}_${uuidV7(Date.now())}`;
}

export function isId(prefix: IdPrefix, text: string): boolean {
  return text.startsWith(`${prefix}_`) && UUID.test(text.slice(prefix.length + 1));
}

/** An id but for its last twelve hexadecimal digits, which somebody else chooses for each of several things. */
export function newIdPrefix(prefix: IdPrefix): string {
  return newId(prefix).slice(0, -12);
}

/** Ids made at this moment or later are not smaller, earlier ones are. @param unixMs since 1970 */
export function idBefore(prefix: IdPrefix, unixMs: number): string {
  const time = Math.max(0, Math.floor(unixMs)).toString(16).padStart(12, '0');
  return `${prefix}_${time.slice(0, 8)}-${time.slice(8, 12)}`;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Made from a random UUID, because Node keeps random bytes for those; randomBytes(16) calls the kernel each time. */
function uuidV7(unixMs: number): string {
  const time = unixMs.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}
