import type { PythonShape } from './backend.ts';

/** Without any of these words, code is a script; python/shapes.py looks for the same. */
const WORDS = /\b(?:return|await|async|main)\b/;

/** Whether the shape of this code is known without parsing it. */
export function isPlainScript(code: string): boolean {
  return !WORDS.test(code);
}

/**
 * Null where it takes longer or cannot be found: that is no failure of the run, which then says what is wrong. A run
 * waits for the same check, so that waiting for the shape delays what is said of it and not the code.
 */
export async function withinTime(shape: Promise<PythonShape | null>): Promise<PythonShape | null> {
  const late = Promise.withResolvers<null>();
  const timer = setTimeout(late.resolve, MAX_WAIT_MS, null);
  try {
    return await Promise.race([shape.catch(() => null), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

const MAX_WAIT_MS = 5_000;
