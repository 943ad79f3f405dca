import { isTerminal } from './event.ts';
import { executionErrorOf } from './execution-error.ts';
import type { Live } from './live.ts';
import { streamEvents } from './stream-events.ts';

/** Text that is still being written: `for await` gives its pieces as they come, `await` all that was kept, at the end. */
export interface TextStream extends AsyncIterable<string>, PromiseLike<string> {}

export interface TextOptions {
  /** STDOUT unless given. */
  stream?: 'STDOUT' | 'STDERR' | undefined;
  /** Only what these nodes wrote. */
  nodeKeys?: readonly string[] | undefined;
  signal?: AbortSignal | undefined;
}

/** Both ways throw WeftExecutionError at the end of a run that failed, after what it had written. */
export function streamText(
  live: Live,
  id: () => Promise<string>,
  { stream = 'STDOUT', ...options }: TextOptions = {},
): TextStream {
  async function* pieces(): AsyncGenerator<string, void> {
    const types = ['NodeOutput', 'ExecutionSucceeded', 'ExecutionFailed', 'ExecutionCanceled'] as const;
    for await (const event of streamEvents(live, id, { ...options, types })) {
      if (event.type === 'NodeOutput' && event.stream === stream) yield event.text;
      if (isTerminal(event) && event.type !== 'ExecutionSucceeded') throw executionErrorOf(await id(), event);
    }
  }
  async function all(): Promise<string> {
    let text = '';
    for await (const piece of pieces()) text += piece;
    return text;
  }
  return {
    [Symbol.asyncIterator]: pieces,
    // biome-ignore lint/suspicious/noThenProperty: it is meant to be awaited
    then: (onText, onError) => all().then(onText, onError),
  };
}
