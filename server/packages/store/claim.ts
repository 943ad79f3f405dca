import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync, rmSync } from 'node:fs';
import { readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { processStart } from '../../shared/process-table.ts';

/**
 * A file by which a living process holds something. A claim only saves work: a build is renamed into place in one step,
 * so two processes that both believe to hold its claim do the work twice and harm nothing.
 *
 *   free ── tryClaim ──▶ held ── dispose ──▶ free
 *                         └── the process ends, or (on another machine) does not touch the file for a minute ──▶ free
 *
 * proper-lockfile does not fit: it knows a dead holder by the age of the lock alone, and so keeps the next process
 * waiting.
 */
export interface Claim extends Disposable {
  file: string;
}

/** Null where another process holds the claim. `note` is for readNote, by any process. */
export async function tryClaim(file: string, note: unknown = null): Promise<Claim | null> {
  const content = JSON.stringify({ ...(await self()), note } satisfies z.input<typeof holderSchema>);
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    try {
      await writeFile(file, content, { flag: 'wx' });
      return keep(file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      if (await isHeld(file)) return null;
      await removeStale(file);
    }
  }
  return null;
}

export async function isHeld(file: string): Promise<boolean> {
  return (await holderOf(file)) !== null;
}

/** The holder's note; null where no process holds the claim. */
export async function readNote(file: string): Promise<{ note: unknown; since: Date } | null> {
  const holder = await holderOf(file);
  return holder === null ? null : { note: holder.note, since: new Date(holder.since) };
}

async function holderOf(file: string): Promise<z.infer<typeof holderSchema> | null> {
  try {
    const [text, { mtimeMs }] = await Promise.all([readFile(file, 'utf8'), stat(file)]);
    // A file is empty between its creation and its first byte.
    if (text === '')
      return Date.now() - mtimeMs < HEARTBEAT_MS
        ? { machine: '', pid: 0, start: '', since: mtimeMs, note: null }
        : null;
    const holder = holderSchema.parse(JSON.parse(text));
    const isHere = holder.machine === machine();
    const lives = isHere
      ? (await processStart(holder.pid)) === holder.start
      : Date.now() - mtimeMs < STALE_MS;
    return lives ? holder : null;
  } catch {
    return null;
  }
}

/**
 * Renames first: of several processes that find the claim stale one succeeds. A claim that was renewed meanwhile is put
 * back.
 */
export async function removeStale(file: string): Promise<void> {
  const aside = `${file}.${randomUUID()}`;
  try {
    await rename(file, aside);
    if (await isHeld(aside)) await rename(aside, file);
    else await rm(aside, { force: true });
  } catch {
    // Another process was quicker.
  }
}

function keep(file: string): Claim {
  held.add(file);
  if (held.size === 1) startHeartbeat();
  return {
    file,
    [Symbol.dispose]() {
      if (!held.delete(file)) return;
      rmSync(file, { force: true });
    },
  };
}

/** Touches the files, for processes on other machines, which cannot see whether this process lives. */
function startHeartbeat(): void {
  const timer = setInterval(() => {
    if (held.size === 0) clearInterval(timer);
    const now = new Date();
    for (const file of held) void utimes(file, now, now).catch(() => {});
  }, HEARTBEAT_MS);
  timer.unref();
}

const held = new Set<string>();
const HEARTBEAT_MS = 10_000;
const STALE_MS = 60_000;

const holderSchema = z.object({
  machine: z.string(),
  pid: z.number(),
  start: z.string(),
  since: z.number(),
  note: z.unknown(),
});

async function self() {
  return {
    machine: machine(),
    pid: process.pid,
    start: (await processStart(process.pid)) ?? '0',
    since: Date.now(),
  };
}

/** The scope in which a pid names one process: one boot of a kernel, and one pid namespace in it. */
function machine(): string {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return 'unknown';
  }
}
