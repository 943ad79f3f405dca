import { applyEvent, emptyState, type RunState } from '../../../server/engine/fold.ts';
import { narrowPlan, type PartialRun, partialEvents } from '../../../server/engine/partial-run.ts';
import type { Plan } from '../../../server/engine/plan.ts';
import { makePlan } from '../../../server/engine/plan.ts';
import { type Former, resumeEvents, reuseEvents } from '../../../server/engine/recovery.ts';
import { takeStep } from '../../../server/engine/step.ts';
import type { AddressedSignal, NextWait } from '../../../server/engine/waits.ts';
import type {
  DeadEdge,
  EventBody,
  JournalEvent,
  NodeError,
  WaitReason,
} from '../../../server/journal/event.ts';
import type { EdgeDraft, Join, NodeDraft, WorkflowDraft } from '../../../server/nodes/draft.ts';
import { noLimits } from '../../../server/nodes/limits.ts';
import { nodeRegistry } from '../../../server/nodes/registry.ts';

/** The pure engine with no clock, I/O or promises: the test decides when each node ends, and how. */
export class HandDriven {
  readonly journal: EventBody[] = [];
  readonly running = new Set<string>();
  readonly starts = new Map<string, number>();
  /** All signals so far, in order. */
  readonly signals: AddressedSignal[] = [];
  /** Of the step before: what the execution waits for, beside what runs. */
  wait: NextWait | null = null;
  private state = emptyState();
  private nowMs = 0;

  constructor(readonly plan: Plan) {}

  /** A retry from the failure. */
  static retryOf({ plan, journal }: HandDriven): HandDriven {
    const run = new HandDriven(plan);
    return run.take(reuseEvents(plan.graph, sameAs(plan, foldAll(journal)), run.state));
  }

  /** A run of a part. */
  static partOf(whole: Plan, partial: PartialRun): HandDriven {
    const run = new HandDriven(narrowPlan(whole, partial));
    return run.take(partialEvents(run.plan, partial, run.state));
  }

  /** As another worker does with a journal that was cut off. */
  static goOn(plan: Plan, journal: readonly EventBody[], signals: readonly AddressedSignal[]): HandDriven {
    const run = new HandDriven(plan);
    run.journal.push(...journal);
    run.signals.push(...signals);
    return run.crash();
  }

  get isOver(): boolean {
    return ['SUCCEEDED', 'FAILED', 'CANCELED'].includes(this.state.status);
  }

  statusOf(nodeKey: string): string {
    return this.state.nodes.get(nodeKey)?.status ?? 'none';
  }

  /** Why a node was skipped. */
  skipOf(nodeKey: string): DeadEdge[] | undefined {
    const event = this.journal.find((each) => each.type === 'NodeSkipped' && each.nodeKey === nodeKey);
    return (event as { because?: DeadEdge[] } | undefined)?.because;
  }

  begin(): this {
    return this.take([]);
  }

  succeed(nodeKey: string, output: unknown = nodeKey, handle = 'output'): this {
    return this.end(nodeKey, { type: 'NodeSucceeded', nodeKey, attempt: 1, output, handle, durationMs: 1 });
  }

  /** An item of a node that runs: the node goes on. */
  succeedItem(nodeKey: string, item: number): this {
    const output = `${nodeKey}/${item}`;
    return this.take([
      { type: 'NodeSucceeded', nodeKey, item, attempt: 1, output, handle: 'output', durationMs: 1 },
    ]);
  }

  fail(nodeKey: string): this {
    return this.end(nodeKey, {
      type: 'NodeFailed',
      nodeKey,
      attempt: 1,
      error: errorOf(nodeKey),
      durationMs: 1,
    });
  }

  /** The node waits for `ms`, or, where that is Infinity, for a signal. */
  waitFor(nodeKey: string, ms: number, reason: WaitReason = 'DELAY'): this {
    const until = Number.isFinite(ms) ? new Date(this.nowMs + ms).toISOString() : null;
    return this.end(nodeKey, {
      type: 'NodeWaiting',
      nodeKey,
      attempt: 1,
      reason,
      until,
      data: null,
    });
  }

  /** Sends a signal, which the node may or may not wait for. */
  signal(nodeKey: string, payload: unknown = nodeKey): this {
    this.signals.push({ number: this.signals.length + 1, nodeKey, item: null, payload });
    return this.take([]);
  }

  /** Time passes. */
  advance(ms: number): this {
    this.nowMs += ms;
    return this.take([]);
  }

  /** Loses the worker: what runs is forgotten, and another goes on from the journal alone. */
  crash(): this {
    this.running.clear();
    this.state = foldAll(this.journal);
    return this.take(resumeEvents(this.plan, this.state));
  }

  private end(nodeKey: string, event: EventBody): this {
    if (!this.running.delete(nodeKey)) throw new Error(`${nodeKey} is not running`);
    return this.take([event]);
  }

  private take(ended: EventBody[]): this {
    const step = takeStep(this.plan, this.state, ended, new Date(this.nowMs), { signals: this.signals });
    this.wait = step.wait;
    this.journal.push(...step.events);
    for (const nodeKey of step.starts) {
      this.running.add(nodeKey);
      this.starts.set(nodeKey, (this.starts.get(nodeKey) ?? 0) + 1);
    }
    return this;
  }
}

/** A former execution of the same nodes. */
export function sameAs({ graph }: Plan, state: RunState): Former {
  return { state, changes: new Map(graph.order.map((key) => [key, 'SAME'])) };
}

export function foldAll(events: readonly EventBody[]): RunState {
  const state = emptyState();
  for (const event of events) applyEvent(state, event as JournalEvent, new Date(0));
  return state;
}

/** `a>b` is an edge by the first handle, `a.error>b.left` by those named. `b=ANY` sets a join. Nodes are transforms. */
export function planOf(...edges: string[]): Plan {
  return makePlan(draftOf(...edges), nodeRegistry);
}

export function draftOf(...texts: string[]): WorkflowDraft {
  const edges = texts.filter((text) => text.includes('>')).map(edgeOf);
  const named = texts.filter((text) => !text.includes('>')).map((text) => text.split('='));
  const joins = new Map(named.map(([key, join]) => [key!, join as Join | undefined]));
  const keys = new Set([...joins.keys(), ...edges.flatMap(({ source, target }) => [source, target])]);
  return {
    name: 'test',
    description: null,
    nodes: [...keys].map((key) => ({ ...nodeOf(key), join: joins.get(key) ?? 'ALL' })),
    edges,
    inputSchema: null,
    outputSchema: null,
    timeoutMs: null,
    onFailure: 'FAIL',
    pythonPolicy: null,
    labels: null,
    retention: null,
    ...noLimits,
  };
}

export function nodeOf(
  key: string,
  type = 'transform',
  config: unknown = { expression: 'input' },
): NodeDraft {
  return { key, type, name: null, config, position: null, join: 'ALL', retry: null, forEach: null };
}

function edgeOf(text: string): EdgeDraft {
  const [from, to] = text.split('>') as [string, string];
  const [source, sourceHandle = null] = from.split('.') as [string, string?];
  const [target, targetHandle = null] = to.split('.') as [string, string?];
  return { source, sourceHandle, target, targetHandle };
}

export function errorOf(nodeKey: string): NodeError {
  return {
    code: 'TEST',
    type: null,
    message: `${nodeKey} failed`,
    traceback: null,
    line: null,
    column: null,
    exitCode: null,
    stderr: null,
    nodeKey,
    retryable: false,
  };
}
