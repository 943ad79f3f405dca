/** Lines of a node's code around the one that failed. */
export interface CodeExcerpt {
  firstLine: number;
  lines: readonly string[];
  line: number;
}

/** Null where the code has no such line, as when the error is not of it. */
export function codeExcerpt(config: unknown, line: number | null, around = 2): CodeExcerpt | null {
  const code = (config as { code?: unknown } | null | undefined)?.code;
  if (typeof code !== 'string' || line === null) return null;
  const lines = code.split('\n');
  if (line < 1 || line > lines.length) return null;
  const firstLine = Math.max(1, line - around);
  return {
    firstLine,
    line,
    lines: lines.slice(firstLine - 1, line + around).map((text) => text.slice(0, maxWidth)),
  };
}

const maxWidth = 500;
