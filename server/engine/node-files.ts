import { retryWhileDisconnected } from '../db/retry-while-disconnected.ts';
import { FileError } from '../files/file-error.ts';
import type { Files } from '../files/files.ts';
import { NodeFailure, type NodeFiles } from '../nodes/definition.ts';

/**
 * The files of one execution, for its nodes. What is wrong with a file is a failure that the workflow may handle.
 * @param ready resolves when the execution is in the database; may reject
 */
export function makeNodeFiles(
  files: Pick<Files, 'save' | 'openFor'>,
  executionId: string,
  ready: () => Promise<void>,
): NodeFiles {
  const asFailures = async <T>(work: () => Promise<T>): Promise<T> => {
    await ready();
    return work().catch((error) => {
      throw asFailure(error);
    });
  };
  return {
    save: (file, signal) => asFailures(() => files.save(executionId, file, signal)),
    open: (id, signal) =>
      asFailures(async () => {
        const open = () => files.openFor(executionId, id);
        const { content, ...file } = await retryWhileDisconnected(open, signal);
        return { ...file, content: { [Symbol.asyncIterator]: () => withFailures(content) } };
      }),
  };
}

async function* withFailures(content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* content;
  } catch (error) {
    throw asFailure(error);
  }
}

function asFailure(error: unknown): unknown {
  if (!(error instanceof FileError)) return error;
  const { code, message, isTransient } = error;
  return new NodeFailure({ code, message, retryable: isTransient });
}
