import {
  createSourceEventStream,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  getOperationAST,
  Kind,
  type OperationDefinitionNode,
  visit,
} from 'graphql';
import { channels } from '../../shared/channels.ts';
import { mapIterator } from '../../shared/map-iterator.ts';
import { type AnswerWriter, compileAnswer } from './answer-writer.ts';

/** A result, or its `data` as JSON text. */
export type Result = (ExecutionResult & { text?: undefined }) | { text: string };

export type Subscribe = (
  args: ExecutionArgs,
) => Promise<ExecutionResult | AsyncGenerator<Result, void, void>>;

/**
 * What `subscribe` of graphql-js does, with answers that are compiled where they can be. A writer is compiled when the
 * first event comes: ten thousand subscribers whose executions are quiet have none.
 */
export function makeSubscribe(isCompiled: boolean): Subscribe {
  const writerFor = isCompiled ? makeWriters() : () => null;

  return async (args) => {
    const source = await createSourceEventStream(args);
    if (!(Symbol.asyncIterator in source)) return source;
    channels.subscription.publish({ by: 1 });
    let writer: AnswerWriter | null | undefined;
    return mapIterator<unknown, Result>(
      source[Symbol.asyncIterator](),
      (payload) => {
        if (writer === undefined) writer = writerFor(args);
        const text = writer?.(payload) ?? null;
        return text === null ? execute({ ...args, rootValue: payload }) : { text };
      },
      () => channels.subscription.publish({ by: -1 }),
    );
  };
}

/** Subscriptions with one document share a writer, unless a directive makes the selection depend on the variables. */
function makeWriters() {
  const known = new WeakMap<OperationDefinitionNode, AnswerWriter | null>();
  const varying = new WeakSet<OperationDefinitionNode>();

  return (args: ExecutionArgs): AnswerWriter | null => {
    const operation = getOperationAST(args.document, args.operationName)!;
    let writer = known.get(operation);
    if (writer !== undefined) return writer;
    writer = compileAnswer(args);
    if (!varying.has(operation)) {
      if (dependsOnVariables(args.document)) varying.add(operation);
      else known.set(operation, writer);
    }
    return writer;
  };
}

function dependsOnVariables(document: DocumentNode): boolean {
  let found = false;
  visit(document, {
    Directive({ arguments: given }) {
      found ||= given?.some(({ value }) => value.kind === Kind.VARIABLE) ?? false;
    },
  });
  return found;
}
