import type { CheckTools } from '../nodes/definition.ts';
import type { WorkflowDraft } from '../nodes/draft.ts';
import type { NodeRegistry } from '../nodes/registry.ts';
import type { Logger } from '../shared/logger.ts';
import type { UserError } from './types.ts';
import { toUserErrors, validFields } from './validate-config.ts';

/** Nodes whose code is read at the same time; a check takes about a millisecond. */
const CONCURRENCY = 4;

/**
 * Warnings that node types find by their own tools, such as code that the sandbox will refuse. What is not found within
 * `timeoutMs` is left out, and so is everything where the tools fail: a save does not depend on them.
 */
export async function findCodeWarnings(
  { nodes }: WorkflowDraft,
  { registry, sandbox, logger }: CheckTools & { registry: NodeRegistry; logger: Logger },
  timeoutMs = 2_000,
): Promise<UserError[]> {
  const found = new Map<number, UserError[]>();
  const waiting = [...nodes.keys()].filter((index) => registry.get(nodes[index]!.type)?.findWarnings);
  const timeOut = Promise.withResolvers<void>();
  const timer = setTimeout(timeOut.resolve, timeoutMs);
  let isOver = false;

  async function lane(): Promise<void> {
    for (let index = waiting.shift(); index !== undefined && !isOver; index = waiting.shift()) {
      const { type, config } = nodes[index]!;
      const definition = registry.get(type)!;
      const problems = await definition.findWarnings!(validFields(definition, config ?? {}), { sandbox });
      found.set(index, toUserErrors(problems, `nodes.${index}.config`));
    }
  }
  const all = Promise.all(Array.from({ length: CONCURRENCY }, lane)).catch((error) => {
    isOver = true;
    logger.debug({ err: error }, 'the code of a workflow could not be checked');
  });
  await Promise.race([all, timeOut.promise]);
  isOver = true;
  clearTimeout(timer);
  const inOrder = [...found].sort(([a], [b]) => a - b).flatMap(([, warnings]) => warnings);
  return inOrder.map((warning) => ({ ...warning, level: 'WARNING' }));
}
