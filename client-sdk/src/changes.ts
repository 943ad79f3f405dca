import {
  type ChangeBatchPartsFragment,
  type ChangeFilter,
  ChangeListDocument,
  ChangesDocument,
} from './_generated_operations.ts';
import { makeBackoff } from './backoff.ts';
import type { ClientContext } from './context.ts';
import { type LiveStream, openLiveStream } from './live-stream.ts';
import { request } from './request.ts';
import { delay } from './waiting.ts';

/** Something that has happened to an execution. */
export type Change = ChangeBatchPartsFragment['changes'][number];

export interface ChangesOptions {
  /**
   * The `cursor` of a change, or what `onCursor` was called with: the stream begins just after it. `oldest` begins with
   * all that is kept, `newest`, the default, with what happens from now on.
   */
  after?: string | undefined;
  /** Which changes; all unless given. */
  filter?: ChangeFilter | undefined;
  /**
   * Called with a newer place to go on from, whenever the changes before it have been consumed: also where the filter
   * wants nothing for long, while the cursor of the last change grows too old.
   */
  onCursor?: ((cursor: string) => void) | undefined;
  /** Ends the stream, which then throws the signal's reason. */
  signal?: AbortSignal | undefined;
}

/**
 * Changes of all executions that the token reaches, in order, each once. Each time the connection breaks, the stream
 * goes on after the last change that it has yielded.
 */
export type Changes = (options?: ChangesOptions) => LiveStream<Change>;

export function makeChanges(context: ClientContext): Changes {
  return ({ after, filter, onCursor, signal } = {}) =>
    openLiveStream(context, 'Changes', signal, async function* (connect) {
      const batches = connect({
        document: ChangesDocument,
        variables: async () => ({ after, filter }),
        async *poll(variables, handlers) {
          const pause = makeBackoff(200, 2_000);
          for (let place = variables.after ?? 'newest'; ; ) {
            const { changeList } = await request(
              context.settings,
              ChangeListDocument,
              { filter, after: place },
              handlers,
            );
            handlers.onOpen();
            yield changeList;
            place = changeList.endCursor;
            if (changeList.changes.length > 0) pause.reset();
            if (changeList.caughtUp) await delay(pause.next(), handlers.signal);
          }
        },
        select: ({ changes }) => changes,
        countEvents: ({ changes }) => changes.length,
      });
      for await (const { changes, endCursor } of batches) {
        yield* changes;
        after = endCursor;
        onCursor?.(endCursor);
      }
    });
}
