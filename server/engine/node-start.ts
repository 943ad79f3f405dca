import type { EventBody } from '../journal/event.ts';
import type { NodeStart } from '../nodes/definition.ts';
import type { SandboxBackend } from '../sandbox/backend.ts';
import type { Plan, PlannedNode } from './plan.ts';

/**
 * What the `NodeStarted` of an execution's nodes say beside the attempt, which their types know (`start`). It is found
 * at once for most code that ran before. `stops`: when one aborts, nothing is waited for any more.
 */
export function makeNodeStarts(plan: Plan, sandbox: SandboxBackend, stops: AbortSignal[]) {
  const known = new Map<string, NodeStart>();

  /** Never rejects. */
  function startOf({ key, definition, config }: PlannedNode): NodeStart | Promise<NodeStart> {
    const found = known.get(key) ?? definition.start?.((config ?? {}) as object, sandbox) ?? NOTHING;
    if (!(found instanceof Promise)) return remember(key, found);
    return unlessAborted(
      found.then((start) => remember(key, start)),
      AbortSignal.any(stops),
    ).catch(() => NOTHING);
  }

  function remember(key: string, start: NodeStart): NodeStart {
    if (start.shape !== null) known.set(key, start);
    return start;
  }

  /** Completes the `NodeStarted` among these events. */
  async function complete(events: readonly EventBody[]): Promise<void> {
    const waiting: Promise<unknown>[] = [];
    for (const event of events) {
      if (event.type !== 'NodeStarted') continue;
      const start = startOf(plan.nodes.get(event.nodeKey)!);
      if (start instanceof Promise) waiting.push(start.then((found) => Object.assign(event, found)));
      else Object.assign(event, start);
    }
    if (waiting.length > 0) await Promise.all(waiting);
  }

  return { startOf, complete };
}

const NOTHING: NodeStart = {};

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  return Promise.race([work, aborted.promise]).finally(() => signal.removeEventListener('abort', onAbort));
}
