import type { WeftClient } from '@weft/client';
import { useWeft } from '@weft/client/react';
import { useEffect, useMemo, useReducer } from 'react';
import type { LineState } from '../widgets/lines.tsx';

/**
 * What the server says of each package, by its line: whether it is a requirement, and one that may be installed. A line
 * is judged once it has not changed for a moment, and each text only once.
 */
export function useLineChecks(lines: readonly string[]): ReadonlyMap<string, LineState> {
  const client = useWeft();
  const verdicts = verdictsOf(client);
  const [version, redraw] = useReducer((count: number) => count + 1, 0);
  const unknown = [...new Set(lines)].filter((line) => !verdicts.has(line));
  const wanted = JSON.stringify(unknown);

  useEffect(() => {
    const texts = JSON.parse(wanted) as string[];
    if (texts.length === 0) return;
    const leaving = new AbortController();
    const timer = setTimeout(() => {
      void judge(client, texts, leaving.signal)
        .catch((error: Error) => {
          // Without an answer nothing is said of the lines: the server judges them again when the workflow is saved.
          if (!leaving.signal.aborted) console.warn('The packages could not be checked:', error);
          return new Map(texts.map((text) => [text, { kind: 'unknown' } as LineState]));
        })
        .then((found) => {
          if (leaving.signal.aborted) return;
          for (const [line, state] of found) verdicts.set(line, state);
          redraw();
        });
    }, pauseMs);
    return () => {
      clearTimeout(timer);
      leaving.abort();
    };
  }, [client, verdicts, wanted]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `version` says that there are new verdicts
  return useMemo(
    () => new Map(lines.map((line) => [line, verdicts.get(line) ?? ({ kind: 'checking' } as const)])),
    [lines, verdicts, version],
  );
}

const pauseMs = 300;

const known = new WeakMap<WeftClient, Map<string, LineState>>();

function verdictsOf(client: WeftClient): Map<string, LineState> {
  const verdicts = known.get(client) ?? new Map<string, LineState>();
  known.set(client, verdicts);
  return verdicts;
}

/** The API judges a list as a whole: where something is wrong, halves find out which line it is. */
async function judge(
  client: WeftClient,
  lines: readonly string[],
  signal: AbortSignal,
): Promise<Map<string, LineState>> {
  const { violations } = await client.python.check('', { packages: [...lines], signal });
  const [first] = violations;
  if (first === undefined) return new Map(lines.map((line) => [line, { kind: 'ok' }]));
  if (lines.length === 1) return new Map([[lines[0]!, fault(first.message)]]);
  const middle = Math.ceil(lines.length / 2);
  return new Map([
    ...(await judge(client, lines.slice(0, middle), signal)),
    ...(await judge(client, lines.slice(middle), signal)),
  ]);
}

function fault(message: string): LineState {
  const suggestion = suggestionIn(message);
  return { kind: 'bad', message, ...(suggestion !== undefined && { suggestion }) };
}

/** The server's "Did you mean `pandas`?". */
export function suggestionIn(message: string): string | undefined {
  return /Did you mean `([^`]+)`\?/.exec(message)?.[1];
}
