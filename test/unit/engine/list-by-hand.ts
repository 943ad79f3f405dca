import { type AttemptEnd, endEvent } from '../../../server/engine/attempt.ts';
import { applyEvent, type RunState, runOf } from '../../../server/engine/fold.ts';
import { runForEach } from '../../../server/engine/for-each.ts';
import { makeInbox } from '../../../server/engine/inbox.ts';
import { makePlan, type Plan } from '../../../server/engine/plan.ts';
import { resumeEvents, reuseEvents } from '../../../server/engine/recovery.ts';
import { takeStep } from '../../../server/engine/step.ts';
import type { EventBody } from '../../../server/journal/event.ts';
import type { NodeDraft, OnItemError, RetryPolicy } from '../../../server/nodes/draft.ts';
import type { Expressions } from '../../../server/nodes/expressions.ts';
import { nodeRegistry } from '../../../server/nodes/registry.ts';
import type { SandboxBackend } from '../../../server/sandbox/backend.ts';
import { systemClock } from '../../../server/shared/clock.ts';
import { draftOf, errorOf, foldAll, nodeOf, sameAs } from './drive-by-hand.ts';

export type Play = 'succeed' | 'fail' | 'crash';

/** These nodes have none. */
const NO_SANDBOX = null as unknown as SandboxBackend;

type Attempt = (attempt: {
  item: number;
  signal: AbortSignal;
  sandbox: SandboxBackend;
}) => Promise<AttemptEnd>;

interface ListOptions {
  items: unknown;
  concurrency: number;
  onItemError?: OnItemError;
  batch?: number;
  sandbox?: SandboxBackend;
  retry: RetryPolicy;
  expressions: Expressions;
  former?: RunState | null;
  /** What is recorded is committed when this resolves; by default at once. */
  commit?: () => Promise<void>;
  runAhead?: boolean;
  /** See ForEachOptions. */
  mayRunFurther?: () => boolean;
}

/** An execution of one `forEach` node over a journal in memory: the test decides how each attempt ends. */
export class HandList {
  readonly journal: EventBody[] = [];
  /** Attempts begun. */
  attempts = 0;
  state = foldAll([]);
  private readonly plan: Plan;

  constructor(private readonly options: ListOptions) {
    const { concurrency, retry, batch = 1 } = options;
    const list: NodeDraft = {
      ...nodeOf('list'),
      retry,
      forEach: { items: 'input', concurrency, batch, onItemError: options.onItemError ?? 'FAIL' },
    };
    this.plan = makePlan({ ...draftOf('list'), nodes: [list] }, nodeRegistry);
  }

  get isOver(): boolean {
    return ['SUCCEEDED', 'FAILED'].includes(this.state.status);
  }

  /** Runs to the end, or until the worker is lost: before it journals an event of type `losing` of the node itself. */
  run(attempt: Attempt, { losing }: { losing?: EventBody['type'] } = {}): Promise<void> {
    return this.runOnce(attempt, new AbortController(), losing);
  }

  /** Runs to the end as `next` says; after each crash another worker goes on from the journal alone. */
  async playOut(next: (item: number) => Play): Promise<void> {
    while (!this.isOver) {
      const lost = new AbortController();
      await this.runOnce(async ({ item }) => {
        const play = next(item);
        if (play === 'crash') lost.abort();
        if (play === 'fail') return { kind: 'failed', error: errorOf('list'), durationMs: 1 };
        const emission = { handle: 'output', output: item };
        return { kind: 'succeeded', emission, durationMs: 1 };
      }, lost);
    }
  }

  private async runOnce(attempt: Attempt, lost: AbortController, losing?: EventBody['type']): Promise<void> {
    const { items, expressions, former } = this.options;
    const node = this.plan.nodes.get('list')!;
    // What a lost worker does is not journalled, nor seen by the next one.
    const state = foldAll(this.journal);
    this.state = state;
    const tell = (events: readonly EventBody[]) => {
      if (lost.signal.aborted) return;
      for (const event of events) applyEvent(state, event, new Date());
      this.journal.push(...events);
    };
    if (former) tell(reuseEvents(this.plan.graph, sameAs(this.plan, former), state));
    tell(
      this.journal.some(({ type }) => type === 'NodeStarted')
        ? resumeEvents(this.plan, state)
        : [{ type: 'NodeStarted', nodeKey: 'list', attempt: 1 }],
    );
    const run = runOf(state, 'list', null);
    const end = await runForEach({
      node,
      forEach: node.forEach!,
      scope: { input: items, nodes: {}, execution: { id: 'exec_1', workflowId: null, input: items } },
      run,
      start: {},
      expressions,
      runAhead: this.options.runAhead ?? true,
      signal: lost.signal,
      draining: new AbortController().signal,
      now: systemClock.now,
      clock: systemClock,
      inbox: makeInbox(async () => [], false, []),
      takeSignal: () => null,
      record: (events) => {
        tell(events);
        return this.options.commit?.() ?? Promise.resolve();
      },
      mayRunFurther: this.options.mayRunFurther ?? (() => true),
      sandbox: this.options.sandbox ?? NO_SANDBOX,
      attempt: (ref, _, signal, sandbox) => {
        this.attempts++;
        return attempt({ item: ref.item!, signal, sandbox });
      },
    });
    const event = endEvent(null, { nodeKey: 'list', item: null, attempt: run.attempt }, run, end);
    if (lost.signal.aborted || event === null || event.type === losing) return;
    const step = takeStep(this.plan, Object.assign(state, { status: 'RUNNING' }), [event], new Date());
    this.journal.push(...step.events);
  }
}
