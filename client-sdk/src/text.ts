import type { ClientContext } from './context.ts';
import { isTerminal } from './event.ts';
import { executionErrorOf } from './execution-error.ts';
import { streamEvents } from './stream-events.ts';

/** Text that is still growing: `for await` yields its pieces as they arrive, `await` returns all of it at the end. */
export interface TextStream extends AsyncIterable<string>, PromiseLike<string> {}

export interface TextOptions {
  /** STDOUT unless given. */
  stream?: 'STDOUT' | 'STDERR' | undefined;
  /** Only what these nodes wrote. */
  nodeKeys?: readonly string[] | undefined;
  signal?: AbortSignal | undefined;
}

/** For a run that failed, both ways throw WeftExecutionError at the end; `for await` yields what was written before. */
export function streamText(
  context: ClientContext,
  id: () => Promise<string>,
  { stream = 'STDOUT', ...options }: TextOptions = {},
): TextStream {
  async function* pieces(): AsyncGenerator<string, void> {
    const types = ['NodeOutput', 'ExecutionSucceeded', 'ExecutionFailed', 'ExecutionCanceled'] as const;
    for await (const event of streamEvents(context, id, { ...options, types })) {
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
