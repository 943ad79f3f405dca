import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import type {
  ChildExecution,
  ExecutionFilter,
  ExecutionSummary,
  WeftClient,
  WorkflowWithLastRun,
} from '@weft/client';
import { useWeft } from '@weft/client/react';
import { useEffect } from 'react';
import { keys } from './keys.ts';
import { mapPages, type Pages } from './pages.ts';
import { readAgain } from './read-again.ts';

/**
 * Keeps all lists of workflows and executions current while the component is there. However many components use it, a
 * client has one stream for it, which closes with the last of them.
 */
export function useLiveLists(): void {
  const client = useWeft();
  const queries = useQueryClient();
  useEffect(() => join(client, queries), [client, queries]);
}

interface Feed {
  client: WeftClient;
  members: number;
  stream: AbortController;
}

const feeds = new WeakMap<QueryClient, Feed>();

function join(client: WeftClient, queries: QueryClient): () => void {
  const open = feeds.get(queries);
  const feed = open?.client === client ? open : openFeed(client, queries);
  feed.members += 1;
  return () => {
    feed.members -= 1;
    // A change of pages leaves and comes back at once.
    setTimeout(() => {
      if (feed.members > 0) return;
      if (feeds.get(queries) === feed) feeds.delete(queries);
      feed.stream.abort();
    });
  };
}

function openFeed(client: WeftClient, queries: QueryClient): Feed {
  const feed = { client, members: 0, stream: new AbortController() };
  feeds.set(queries, feed);
  void follow(client, queries, feed.stream.signal);
  return feed;
}

/** Never rejects. */
async function follow(client: WeftClient, queries: QueryClient, signal: AbortSignal): Promise<void> {
  let pending: ExecutionSummary[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    timer = undefined;
    applyUpdates(queries, pending);
    pending = [];
    // Whoever waits has moved up, where one has begun or ended.
    void queries.invalidateQueries({ queryKey: keys.waitingFor }, { cancelRefetch: false });
  };
  try {
    const onOpen = () => void readAgain(queries, keys.executions(), keys.workflows(), keys.children());
    for await (const update of client.executions.summaryUpdates({ signal, onOpen })) {
      pending.push(update);
      timer ??= setTimeout(flush, flushMs);
    }
  } catch (error) {
    if (signal.aborted) return;
    console.warn('Lists are not live any more:', error);
    // A token that has run out is seen by the stream first; whoever watches the requests is to learn of it.
    client.serverInfo().catch(() => {});
  } finally {
    clearTimeout(timer);
  }
}

/** Thousands of runs a second make ten renderings. */
const flushMs = 100;

/** Writes what has changed into all lists that are in the store. */
export function applyUpdates(queries: QueryClient, updates: readonly ExecutionSummary[]): void {
  const latest = new Map(updates.map((update) => [update.id, update]));
  queries.setQueriesData<Pages<WorkflowWithLastRun>>({ queryKey: keys.workflows() }, (data) =>
    data === undefined ? data : mapPages(data, (items) => withLastRuns(items, [...latest.values()])),
  );
  queries.setQueriesData<Pages<ChildExecution>>({ queryKey: keys.children() }, (data) =>
    data === undefined ? data : mapPages(data, (items) => withStates(items, latest)),
  );
  for (const [queryKey, data] of queries.getQueriesData<Pages<ExecutionSummary>>({
    queryKey: keys.executions(),
  })) {
    if (data === undefined) continue;
    const filter = queryKey[1] as ExecutionFilter;
    queries.setQueryData(queryKey, mergeExecutions(data, filter, latest));
  }
}

function withStates(
  children: ChildExecution[],
  latest: ReadonlyMap<string, ExecutionSummary>,
): ChildExecution[] {
  if (!children.some(({ id }) => latest.has(id))) return children;
  return children.map((child) => ({ ...child, ...latest.get(child.id) }));
}

function withLastRuns(workflows: WorkflowWithLastRun[], updates: ExecutionSummary[]): WorkflowWithLastRun[] {
  const byWorkflow = new Map<string | undefined, ExecutionSummary>();
  for (const update of updates) {
    const known = byWorkflow.get(update.workflow?.id);
    if (known === undefined || known.id <= update.id) byWorkflow.set(update.workflow?.id, update);
  }
  let hasChanged = false;
  const next = workflows.map((workflow) => {
    const update = byWorkflow.get(workflow.id);
    // Ids are in the order of their making: an older run's end does not hide a newer run.
    if (update === undefined || (workflow.lastRun !== null && workflow.lastRun.id > update.id))
      return workflow;
    hasChanged = true;
    return { ...workflow, lastRun: update };
  });
  return hasChanged ? next : workflows;
}

function mergeExecutions(
  data: Pages<ExecutionSummary>,
  { workflowId, statuses, labels, errorText }: ExecutionFilter,
  latest: ReadonlyMap<string, ExecutionSummary>,
): Pages<ExecutionSummary> {
  const fits = ({ workflow, status, labels: own }: ExecutionSummary) =>
    (workflowId == null || workflow?.id === workflowId) &&
    (statuses == null || statuses.includes(status)) &&
    Object.entries(labels ?? {}).every(([name, value]) => own[name] === value);
  const known = new Set(data.pages.flatMap(({ items }) => items.map(({ id }) => id)));
  const newestKnown = data.pages[0]?.items[0]?.id ?? '';
  const added = [...latest.values()]
    // Whether an error has the words, only the server knows: what is new is there at the next reading.
    .filter((update) => !errorText && !known.has(update.id) && update.id > newestKnown && fits(update))
    .sort((a, b) => (a.id < b.id ? 1 : -1));
  return mapPages(data, (items, pageIndex) => {
    const isTouched = items.some(({ id }) => latest.has(id));
    const changed = isTouched ? items.map((item) => latest.get(item.id) ?? item).filter(fits) : items;
    return pageIndex === 0 && added.length > 0 ? [...added, ...changed] : changed;
  });
}
