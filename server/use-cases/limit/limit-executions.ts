import { isLimited } from '../../auth/principal.ts';
import type { PackageLists } from '../../nodes/package-lists.ts';
import { WeftError } from '../../shared/errors.ts';
import { abortableGenerator } from '../abortable-generator.ts';
import type { ExecutionFilter } from '../execution-filter.ts';
import { packageErrors } from '../package-lists.ts';
import { refuse, refuseNotFound } from '../refuse.ts';
import type { StartInput } from '../start.ts';
import type { Execution, Outcome } from '../types.ts';
import type { Weft } from '../weft.ts';
import type { Covers } from './covers.ts';
import { NOTHING } from './limit-workflows.ts';

/** Executions as a principal has them. What it does not reach is not there. */
export function limitExecutions(
  { executions }: Weft,
  covers: Covers,
  packageLists: PackageLists,
): Weft['executions'] {
  const { reach } = covers;

  return {
    get: async (id) => ((await covers.execution(id)) ? executions.get(id) : null),
    getMany: (ids) => many(ids, null, (reached) => executions.getMany(reached)),
    getValues: (ids, spend) => many(ids, NO_VALUES, (reached) => executions.getValues(reached, spend)),
    waitingFor: (ids) => many(ids, null, (reached) => executions.waitingFor(reached)),
    list: (page, filter) => executions.list(page, within(filter)),
    nodeExecutions: async (id, spend) =>
      (await covers.execution(id)) ? executions.nodeExecutions(id, spend) : [],
    artifacts: async (id) => ((await covers.execution(id)) ? executions.artifacts(id) : []),
    events: async (id, page) => ((await covers.execution(id)) ? executions.events(id, page) : NOTHING),
    eventLines: (id, options) =>
      abortableGenerator(async function* (signal) {
        await require(id);
        yield* untilAborted(executions.eventLines(id, options), signal);
      }),
    follow: (id, options, acquire) =>
      abortableGenerator(async function* (signal) {
        await require(id);
        yield* untilAborted(executions.follow(id, options, acquire), signal);
      }),
    updates: (filter, acquire) => executions.updates({ ...filter, reach }, acquire),
    export: async (id) => ((await covers.execution(id)) ? executions.export(id) : null),
    count: (filter) => executions.count(within(filter)),
    stats: (filter, range) => executions.stats(within(filter), range),

    async start(input) {
      const refused = await refuseStart(input);
      return refused ?? own(await executions.start({ ...input, ...ofReach(input), project: reach.project }));
    },
    async cancel(id, mode) {
      return (await covers.execution(id)) ? executions.cancel(id, mode) : refuseNotFound('execution', id);
    },
    async resume(id, input) {
      return (await covers.execution(id)) ? executions.resume(id, input) : refuseNotFound('execution', id);
    },
    async retry(id, input) {
      if (!(await covers.execution(id))) return refuseNotFound('execution', id);
      return (await covers.filesIn(input.input)) ? own(await executions.retry(id, input)) : refuseFiles();
    },
    async retryPlan(id, input) {
      return (await covers.execution(id)) ? executions.retryPlan(id, input) : refuseNotFound('execution', id);
    },
    cancelAll: (request, mode) => executions.cancelAll(withReach(request), mode),
    retryAll: (request) => executions.retryAll(withReach(request)),

    /** It belongs to no workflow; graphql/permissions.ts refuses it before. */
    async runPython(input) {
      if (isLimited(reach))
        return refuse('FORBIDDEN', 'code', 'A token that is limited to workflows runs no other code.');
      const userErrors = await packageErrors(packageLists, reach.project, input.packages);
      if (userErrors.length > 0) return { ok: false, userErrors };
      return own(await executions.runPython({ ...input, project: reach.project }));
    },
  };

  async function many<T>(
    ids: readonly string[],
    missing: T,
    read: (ids: readonly string[]) => Promise<T[]>,
  ): Promise<T[]> {
    const reached = await covers.executions(ids);
    const wanted = ids.filter((id) => reached.has(id));
    const found = wanted.length === 0 ? [] : await read(wanted);
    const byId = new Map(wanted.map((id, n) => [id, found[n]!]));
    return ids.map((id) => byId.get(id) ?? missing);
  }

  /** @throws WeftError NOT_FOUND, as of an execution that does not exist */
  async function require(id: string): Promise<void> {
    if (await covers.execution(id)) return;
    throw new WeftError('NOT_FOUND', `There is no execution ${id.slice(0, 100)}.`);
  }

  async function refuseStart(input: StartInput): Promise<Outcome<never> | null> {
    const { workflowId, workflowKey, pinnedFrom } = input;
    if (workflowKey != null && !covers.key(workflowKey))
      return refuseNotFound('workflow', workflowKey, 'workflowKey');
    if (workflowId != null && !(await covers.workflow(workflowId)))
      return refuseNotFound('workflow', workflowId, 'workflowId');
    if (reach.startedBy !== null && OF_AUTHORS.some((field) => input[field] != null))
      return refuse(
        'FORBIDDEN',
        OF_AUTHORS.find((field) => input[field] != null)!,
        `Expected no ${OF_AUTHORS.join(', ')}: a token that was minted for a page runs the workflow as it is.`,
      );
    if (pinnedFrom != null && !(await covers.execution(pinnedFrom)))
      return refuseNotFound('execution', pinnedFrom, 'pinnedFrom');
    return (await covers.filesIn([input.input, input.pinned])) ? null : refuseFiles();
  }

  /** An idempotency key may lead to the execution of somebody else. */
  async function own(outcome: Outcome<Execution>): Promise<Outcome<Execution>> {
    if (outcome.ok) covers.noteExecution(outcome.value.id, outcome.value.project);
    if (!outcome.ok || !isLimited(reach) || (await covers.execution(outcome.value.id))) return outcome;
    return refuse(
      'FORBIDDEN',
      'idempotencyKey',
      'This idempotency key belongs to an execution of somebody else. Use another one.',
    );
  }

  function withReach<T extends { filter: ExecutionFilter }>(request: T): T {
    return { ...request, filter: within(request.filter) };
  }

  /** Its labels are in the filter as well, by whose index they are found; a filter that says otherwise finds nothing. */
  function within<T extends ExecutionFilter>(filter: T): T {
    const labels = reach.labels === null ? filter.labels : { ...reach.labels, ...filter.labels };
    return { ...filter, ...(labels === undefined ? {} : { labels }), reach };
  }

  /** What is started has the labels by which it is reached, whatever its workflow makes of the input. */
  function ofReach({ labels }: StartInput): Partial<StartInput> {
    return {
      debouncesAlone: reach.startedBy !== null || reach.labels !== null,
      ...(reach.labels === null ? {} : { labels: { ...labels, ...reach.labels } }),
    };
  }
}

const NO_VALUES = { input: null, output: null };

/** What changes how a workflow runs, and is not for those who only use it. */
const OF_AUTHORS = [
  'versionNumber',
  'from',
  'to',
  'pinned',
  'pinnedFrom',
  'timeoutMs',
  'priority',
  'labels',
] as const;

function refuseFiles() {
  return refuse(
    'FILE_NOT_FOUND',
    'input',
    'Expected files that this token uploaded, or that an execution of it has, got another one. Upload it with this token.',
  );
}

/** Ends at once when whoever follows leaves. */
export async function* untilAborted<T>(
  source: AsyncIterableIterator<T>,
  signal: AbortSignal,
): AsyncGenerator<T, void> {
  const stop = () => void source.return?.()?.catch(() => {});
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  yield* source;
}
