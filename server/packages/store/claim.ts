import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync, rmSync } from 'node:fs';
import { readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { processStart } from '../../shared/process-table.ts';

/**
 * A file that says that a living process holds something. Nothing is wrong for long where it is wrong: what is built
 * under a claim is renamed into place in one step, so that two who both believe they hold it only work twice.
 *
 *   free ── tryClaim ──▶ held ── dispose ──▶ free
 *                         └── its process ends, or (on another machine) does not touch it for a minute ──▶ free
 */
export interface Claim extends Disposable {
  file: string;
}

/** Null where another holds it. `note` is for those who look. */
export async function tryClaim(file: string, note: unknown = null): Promise<Claim | null> {
  const content = JSON.stringify({ ...(await self()), note } satisfies z.input<typeof holderSchema>);
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    try {
      await writeFile(file, content, { flag: 'wx' });
      return keep(file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      if (await isHeld(file)) return null;
      await takeAway(file);
    }
  }
  return null;
}

export async function isHeld(file: string): Promise<boolean> {
  return (await holderOf(file)) !== null;
}

/** What its holder noted; null where nobody holds it. */
export async function noteOf(file: string): Promise<{ note: unknown; since: Date } | null> {
  const holder = await holderOf(file);
  return holder === null ? null : { note: holder.note, since: new Date(holder.since) };
}

async function holderOf(file: string): Promise<z.infer<typeof holderSchema> | null> {
  try {
    const [text, { mtimeMs }] = await Promise.all([readFile(file, 'utf8'), stat(file)]);
    // Between its making and its first byte a file is empty.
    if (text === '')
      return Date.now() - mtimeMs < BEAT_MS
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

/** By a rename, so that of several who find it stale one takes it; one that was renewed meanwhile is put back. */
export async function takeAway(file: string): Promise<void> {
  const aside = `${file}.${randomUUID()}`;
  try {
    await rename(file, aside);
    if (await isHeld(aside)) await rename(aside, file);
    else await rm(aside, { force: true });
  } catch {
    // Another was quicker.
  }
}

function keep(file: string): Claim {
  held.add(file);
  if (held.size === 1) startBeat();
  return {
    file,
    [Symbol.dispose]() {
      if (!held.delete(file)) return;
      rmSync(file, { force: true });
    },
  };
}

/** Says to other machines, which cannot see this process, that it lives. */
function startBeat(): void {
  const timer = setInterval(() => {
    if (held.size === 0) clearInterval(timer);
    const now = new Date();
    for (const file of held) void utimes(file, now, now).catch(() => {});
  }, BEAT_MS);
  timer.unref();
}

const held = new Set<string>();
const BEAT_MS = 10_000;
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

/** Where pids mean the same: one boot of one kernel, and one pid namespace in it. */
function machine(): string {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return 'unknown';
  }
}
