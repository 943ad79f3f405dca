import { setTimeout as delay } from 'node:timers/promises';
import type { CheckTools, ConfigProblem } from '../nodes/definition.ts';
import type { NodeDraft } from '../nodes/draft.ts';
import type { NodeRegistry } from '../nodes/registry.ts';
import { coerceError, WeftError } from '../shared/errors.ts';
import type { Logger } from '../shared/logger.ts';
import type { UserError } from './types.ts';
import { placeOf, validFields } from './validate-config.ts';

export interface Inspection {
  errors: UserError[];
  /** Also that a node could not be inspected: saving does not wait for a sandbox that is down. */
  warnings: UserError[];
}

/** Nodes that are inspected at the same time; a check of code takes about a millisecond. */
const CONCURRENCY = 4;
const MAX_WAIT_MS = 5_000;

/** What only a sandbox can say of the nodes, such as that their code does not compile, or that it will be refused. */
export async function inspectNodes(
  nodes: readonly NodeDraft[],
  { registry, logger, ...tools }: CheckTools & { registry: NodeRegistry; logger: Logger },
): Promise<Inspection> {
  const late = new AbortController();
  const timedOut = delay(MAX_WAIT_MS, TIMED_OUT, { signal: late.signal });
  timedOut.catch(() => {}); // rejects when `late` aborts
  const found = new Map<number, UserError[]>();
  const waiting = [...nodes.keys()].filter((index) => registry.get(nodes[index]!.type)?.inspect);

  async function lane(): Promise<void> {
    for (let index = waiting.shift(); index !== undefined; index = waiting.shift()) {
      const { type, config } = nodes[index]!;
      const definition = registry.get(type)!;
      const inspected = definition.inspect!(validFields(definition, config ?? {}), tools).catch(coerceError);
      const problems = await Promise.race([inspected, timedOut]);
      if (problems instanceof Error) logger.debug({ err: problems }, 'a node could not be inspected');
      found.set(index, toUserErrors(problems, `nodes.${index}.config`));
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, lane));
  late.abort();
  const inOrder = [...found].sort(([a], [b]) => a - b).flatMap(([, problems]) => problems);
  return {
    errors: inOrder.filter(({ level }) => level !== 'WARNING'),
    warnings: inOrder.filter(({ level }) => level === 'WARNING'),
  };
}

function toUserErrors(problems: ConfigProblem[] | Error, field: string): UserError[] {
  if (!(problems instanceof Error))
    return problems.map(({ path, ...problem }) => ({ ...problem, field: placeOf(field, path) }));
  const why = problems instanceof WeftError ? problems.message : 'the log of the server says why.';
  return [{ level: 'WARNING', code: 'NOT_CHECKED', field, message: `The code could not be checked: ${why}` }];
}

const TIMED_OUT = new WeftError('TIMED_OUT', `it took longer than ${MAX_WAIT_MS / 1_000} s.`);
