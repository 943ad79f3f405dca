import { readFileSync } from 'node:fs';

/**
 * How many files, sockets and pipes this process may have open at once (RLIMIT_NOFILE); Infinity where nothing bounds
 * them, and where the kernel does not say. Not by `process.report`, which takes a fifth of a second of every start.
 */
export function openFilesLimit(): number {
  const [, soft] = /^Max open files\s+(\d+)/m.exec(limits()) ?? [];
  return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
}

function limits(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    return ''; // no Linux
  }
}
