import { WeftError } from '../errors.ts';
import { applyEvents, emptyState, type NodeState } from '../execution-state.ts';
import type { ExecutionExport } from '../export.ts';
import type { Execution, ExecutionWithNodes } from '../run.ts';
import { operationName } from '../transport/http.ts';
import { notInReplay, unknownExecution } from './stream.ts';
import type { Timeline } from './timeline.ts';

/** A `fetch` that answers requests about one recorded execution. */
export function makeReplayFetch(exported: ExecutionExport, timeline: Timeline): typeof fetch {
  return async (_url, init) => {
    init?.signal?.throwIfAborted();
    let body: object;
    try {
      if (init?.method !== 'POST') throw notInReplay('a download');
      const { query, variables } = JSON.parse(String(init.body));
      body = { data: answer(operationName(query), variables) };
    } catch (error) {
      if (!(error instanceof WeftError)) throw error;
      body = { errors: [{ message: error.message, extensions: { code: error.code } }] };
    }
    // Not a `Response`: a test's environment, such as jsdom, may have none.
    return { ok: 'data' in body, status: 200, text: async () => JSON.stringify(body) } as Response;
  };

  function answer(operation: string, { id }: { id?: string }): object {
    const isKnown = id === exported.execution.id;
    switch (operation) {
      case 'Execution':
        return { execution: isKnown ? executionWithNodes() : null };
      case 'ExecutionExport':
        return { executionExport: isKnown ? exported : null };
      case 'ExecutionCancel':
        if (!isKnown) throw unknownExecution(String(id), exported.execution.id);
        timeline.cancel();
        return { executionCancel: { execution: executionNow(), userErrors: [] } };
      default:
        throw notInReplay(operation);
    }
  }

  function stateNow() {
    return applyEvents(emptyState, timeline.from(0));
  }

  function executionNow(): Execution {
    const { nodes, status, startedAt, finishedAt, output, error } = stateNow();
    const { id: executionId, createdAt, input, partial, labels } = exported.execution;
    const { id, versionNumber, name } = exported.workflow;
    // By name: later servers record more than what this client asks a server for.
    return {
      id: executionId,
      createdAt,
      input,
      partial: partial ?? null,
      labels: labels ?? {},
      status: status ?? 'QUEUED',
      startedAt,
      finishedAt,
      durationMs: durationMs({ startedAt, finishedAt }),
      output,
      error,
      wait: firstWait(nodes),
      workflow: id === null ? null : { id, name },
      version: versionNumber === null ? null : { number: versionNumber },
    };
  }

  function executionWithNodes(): ExecutionWithNodes {
    const nodeExecutions = Object.entries(stateNow().nodes).flatMap(([nodeKey, node]) => [
      toNodeExecution(nodeKey, null, node),
      ...Object.entries(node.items).map(([item, each]) => toNodeExecution(nodeKey, Number(item), each)),
    ]);
    return { ...executionNow(), waitingFor: null, nodeExecutions };
  }
}

/** The one that ends first; those without an end come last. */
function firstWait(nodes: Readonly<Record<string, NodeState>>): Execution['wait'] {
  const waits = Object.values(nodes).flatMap(({ wait }) => wait ?? []);
  return waits.sort((a, b) => ((a.until ?? '~') < (b.until ?? '~') ? -1 : 1))[0] ?? null;
}

function toNodeExecution(
  nodeKey: string,
  item: number | null,
  state: NodeState | NodeState['items'][number],
): ExecutionWithNodes['nodeExecutions'][number] {
  const { status, attempt, output, handle, error, because, pinned, isLeftOut, wait, startedAt, finishedAt } =
    state;
  return {
    nodeKey,
    item,
    status,
    attempt,
    output,
    handle,
    error,
    wait,
    because: because && [...because],
    pinned,
    isLeftOut,
    startedAt,
    finishedAt,
    durationMs: durationMs({ startedAt, finishedAt }),
  };
}

function durationMs({
  startedAt,
  finishedAt,
}: {
  startedAt: string | null;
  finishedAt: string | null;
}): number | null {
  return startedAt === null || finishedAt === null ? null : Date.parse(finishedAt) - Date.parse(startedAt);
}
