import type { EventBody, NodeError, Signal } from '../journal/event.ts';
import { failure } from './failure.ts';
import { applyEvent, type RunState, runOf } from './fold.ts';
import { handlesFailure } from './join.ts';
import type { Plan } from './plan.ts';
import { type Command, schedule } from './schedule.ts';
import { executionOutput } from './values.ts';
import { type AddressedSignal, cancelWaitingItems, earlier, type NextWait } from './waits.ts';

/** One step of an execution: the events to append together, and the nodes that they start. */
export interface Step {
  events: EventBody[];
  /** Nodes to launch. */
  starts: string[];
  /** The terminal event, the last of `events`; its output is not checked by the schema yet. */
  end: EventBody | null;
  /** What is waited for, beside what runs; null where nothing is. */
  wait: NextWait | null;
  /** When the next step is due whatever else happens: milliseconds of the epoch, or Infinity. */
  wakeAt: number;
}

export interface StepOptions {
  /** Whether nodes may start. */
  mayStart?: boolean;
  signals?: readonly AddressedSignal[];
  /** How long the execution may take from its start; null for as long as it does. */
  timeoutMs?: number | null;
}

/**
 * Applies the ends of attempts to the state, then the scheduler's commands until they change nothing. Pure but for the
 * state, which it changes; the time is an argument.
 */
export function takeStep(
  plan: Plan,
  state: RunState,
  ended: readonly EventBody[],
  now: Date,
  { mayStart = true, signals = [], timeoutMs = null }: StepOptions = {},
): Step {
  const step: Step = { events: [], starts: [], end: null, wait: null, wakeAt: Number.POSITIVE_INFINITY };
  const starts = new Set<string>();
  const emit = (event: EventBody) => {
    applyEvent(state, event, now);
    step.events.push(event);
    if (event.type === 'NodeStarted' || event.type === 'NodeResumed') starts.add(event.nodeKey);
  };
  for (const event of beginning(state)) emit(event);
  for (const event of ended) emit(parkedFailure(plan, event) ?? event);
  const deadline = timeoutMs === null ? Number.POSITIVE_INFINITY : state.startedAt!.getTime() + timeoutMs;
  if (deadline <= now.getTime()) step.end = { type: 'ExecutionFailed', error: executionTimeout(timeoutMs!) };

  for (let isChanged = true; isChanged && step.end === null; ) {
    isChanged = false;
    step.wait = null;
    for (const command of schedule(plan.graph, state, now.getTime(), signals)) {
      switch (command.kind) {
        case 'start':
          if (mayStart) emit(nodeStarted(state, command.nodeKey));
          break;
        case 'skip':
          emit({ type: 'NodeSkipped', nodeKey: command.nodeKey, attempt: 0, because: command.because });
          // The node's own edges die, which may decide further nodes.
          isChanged = true;
          break;
        case 'resume':
          if (mayStart) for (const event of resumeEventsOf(state, command)) emit(event);
          // Who gives up decides the execution.
          isChanged ||= runOf(state, command.nodeKey, null).status === 'FAILED';
          break;
        case 'wait':
          step.wait = earlier(step.wait, command);
          break;
        case 'succeed':
          step.end = { type: 'ExecutionSucceeded', output: executionOutput(state, plan.outputs) };
          break;
        case 'fail':
          step.end = { type: 'ExecutionFailed', error: command.error };
          break;
        default:
          command satisfies never;
      }
    }
  }
  step.wakeAt = Math.min(deadline, step.wait?.at ?? deadline);
  step.starts = [...starts].filter((nodeKey) => runOf(state, nodeKey, null).status === 'RUNNING');
  if (step.end !== null) {
    cancelWaitingItems(state).forEach(emit);
    emit(step.end);
  }
  return step;
}

/** What a worker that has the execution writes first. A limit may have held it back before its start. */
export function beginning({ status, startedAt }: RunState): EventBody[] {
  const isResumed = status === 'WAITING';
  const isStarted = status === 'QUEUED' || (isResumed && startedAt === null);
  return [
    ...(isResumed ? [{ type: 'ExecutionResumed' } as const] : []),
    ...(isStarted ? [{ type: 'ExecutionStarted' } as const] : []),
  ];
}

/** Where failures are parked: that the node waits for somebody, instead of its failure. */
function parkedFailure({ graph, parksFailures }: Plan, event: EventBody): EventBody | null {
  if (!parksFailures || event.type !== 'NodeFailed' || (event.item ?? null) !== null) return null;
  if (handlesFailure(graph.nodes.get(event.nodeKey)!)) return null;
  const { nodeKey, attempt, error, cellMs } = event;
  return {
    type: 'NodeWaiting',
    nodeKey,
    attempt,
    reason: 'FAILURE',
    until: null,
    data: null,
    failure: error,
    ...(cellMs !== undefined && { cellMs }),
  };
}

/** What a node does after its wait: it goes on, or, after a failure, starts again or fails for good. */
function resumeEventsOf(
  state: RunState,
  { nodeKey, signal }: Extract<Command, { kind: 'resume' }>,
): EventBody[] {
  const { wait, attempt, error } = runOf(state, nodeKey, null);
  const resumed = nodeResumed(state, nodeKey, signal);
  if (wait?.reason !== 'FAILURE') return [resumed];
  const { action } = signal!.payload as { action: FailureAction };
  return action === 'FAIL'
    ? [resumed, { type: 'NodeFailed', nodeKey, attempt, error: error!, durationMs: 0 }]
    : [resumed, { type: 'NodeStarted', nodeKey, attempt: attempt + 1 }];
}

/** What somebody decides on a failure that was parked: RETRY, the node starts again. FAIL: it has failed for good. */
export type FailureAction = 'RETRY' | 'FAIL';

export function nodeStarted(state: RunState, nodeKey: string): EventBody {
  return { type: 'NodeStarted', nodeKey, attempt: runOf(state, nodeKey, null).attempt + 1 };
}

export function nodeResumed(state: RunState, nodeKey: string, signal: Signal | null): EventBody {
  return { type: 'NodeResumed', nodeKey, attempt: runOf(state, nodeKey, null).attempt, signal };
}

function executionTimeout(timeoutMs: number): NodeError {
  return failure('EXECUTION_TIMEOUT', `The execution took longer than its \`timeoutMs\` of ${timeoutMs}.`);
}
