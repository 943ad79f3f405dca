import { useQuery } from '@tanstack/react-query';
import type { ExecutionWithNodes, WeftClient } from '@weft/client';
import { useWeft } from '@weft/client/react';
import type { NodeFormData } from '../form/form-context.ts';
import { arrivals } from '../run/model/node-input.ts';
import type { DocumentEdge, WorkflowDocument } from './model/document.ts';

export type LastRun = ExecutionWithNodes;

/** The values of the newest run of a workflow that has ended, for previews, completion and a run of one node alone. */
export function useLastRun(workflowId: string, runId: string | null, isWanted: boolean) {
  const client = useWeft();
  return useQuery({
    queryKey: ['lastRun', workflowId, runId],
    enabled: isWanted,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async ({ signal }) => {
      const id = runId ?? (await newestId(signal));
      return id === undefined
        ? null
        : await whole(client, await client.executions.run(id).get({ signal }), signal);
    },
  });

  async function newestId(signal: AbortSignal): Promise<string | undefined> {
    const [newest] = await client.executions.summaries({ filter: { workflowId }, signal }).take(1);
    return newest?.id;
  }
}

/** Of a run of a part: what it left out is as it was in the run that its other outputs are from. */
async function whole(client: WeftClient, run: LastRun, signal: AbortSignal): Promise<LastRun> {
  let base = run.partial?.pinnedFrom ?? null;
  let all = run.nodeExecutions;
  for (let n = 0; base !== null && n < maxBases && all.some(({ isLeftOut }) => isLeftOut); n += 1) {
    const before = await client.executions
      .run(base)
      .get({ signal })
      .catch(() => null); // It may have been deleted.
    const left = new Set(all.filter(({ isLeftOut }) => isLeftOut).map(({ nodeKey }) => nodeKey));
    const found = before?.nodeExecutions.filter(({ nodeKey }) => left.has(nodeKey)) ?? [];
    all = [...all.filter(({ nodeKey }) => !found.some((each) => each.nodeKey === nodeKey)), ...found];
    base = before?.partial?.pinnedFrom ?? null;
  }
  return { ...run, nodeExecutions: all };
}

const maxBases = 20;

/** What a node's expressions and code saw in the last run. */
export function formDataOf(document: WorkflowDocument, key: string, run: LastRun | undefined) {
  if (run === undefined) return undefined;
  const cached = cache.get(run)?.get(document.edges)?.get(key);
  if (cached) return cached;
  const data = {
    input: inputOf(document, key, run),
    nodes: Object.fromEntries(
      [...outputsOf(run)].map(([nodeKey, output]) => [nodeKey, { output }]),
    ) as Record<string, { output: unknown }>,
    execution: { id: run.id, workflowId: run.workflow?.id ?? null, input: run.input },
  };
  remember(run, document.edges, key, data);
  return data;
}

/** The same object for the same run, edges and node: forms copy it into a worker whenever it is another. */
const cache = new WeakMap<LastRun, WeakMap<WorkflowDocument['edges'], Map<string, NodeFormData>>>();

function remember(run: LastRun, edges: WorkflowDocument['edges'], key: string, data: NodeFormData): void {
  const ofRun = cache.get(run) ?? new WeakMap<WorkflowDocument['edges'], Map<string, NodeFormData>>();
  const ofEdges = ofRun.get(edges) ?? new Map<string, NodeFormData>();
  cache.set(run, ofRun.set(edges, ofEdges.set(key, data)));
}

/** What arrived at a node: the value of its edge, or of several an object by source or `targetHandle`. */
export function inputOf({ nodes, edges }: WorkflowDocument, key: string, run: LastRun): unknown {
  const outputs = outputsOf(run);
  const incoming = edges.filter(({ target }) => target === key);
  if (incoming.length === 0) return nodes.some((node) => node.key === key) ? run.input : undefined;
  const ends = new Map(run.nodeExecutions.map(({ nodeKey, finishedAt }) => [nodeKey, finishedAt]));
  const liveSince = ({ source, sourceHandle }: DocumentEdge) =>
    sourceHandle === 'error' || !outputs.has(source) ? null : Date.parse(ends.get(source) ?? '') || 0;
  const { join } = nodes.find((node) => node.key === key) ?? {};
  const values = arrivals(incoming, join, liveSince).map(
    ({ edge, name }) => [name, outputs.get(edge.source)] as const,
  );
  return incoming.length === 1 ? values[0]?.[1] : Object.fromEntries(values);
}

function outputsOf({ nodeExecutions }: LastRun): Map<string, unknown> {
  return new Map(
    nodeExecutions
      .filter(({ item, status }) => item === null && (status === 'SUCCEEDED' || status === 'REUSED'))
      .map(({ nodeKey, output }) => [nodeKey, output]),
  );
}
