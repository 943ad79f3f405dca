import type { EventBody } from '../journal/event.ts';
import { applyEvent, type RunState, runOf } from './fold.ts';
import type { Plan } from './plan.ts';
import { schedule } from './schedule.ts';
import { executionOutput } from './values.ts';

/** One step of an execution: the events to append together, and the nodes that they start. */
export interface Step {
  events: EventBody[];
  /** Nodes to launch. */
  starts: string[];
  /** The terminal event, the last of `events`; its output is not checked by the schema yet. */
  end: EventBody | null;
  /** When the next retry is due, milliseconds of the epoch. */
  wakeAt: number | null;
}

/**
 * Applies the ends of attempts to the state, then the scheduler's commands until they change nothing. Pure but for the
 * state, which it changes; the time is an argument. With `mayStart` false no node starts.
 */
export function takeStep(
  plan: Plan,
  state: RunState,
  ended: readonly EventBody[],
  now: Date,
  mayStart = true,
): Step {
  const step: Step = { events: [], starts: [], end: null, wakeAt: null };
  const emit = (event: EventBody) => {
    applyEvent(state, event, now);
    step.events.push(event);
    if (event.type === 'NodeStarted') step.starts.push(event.nodeKey);
  };
  if (state.status === 'QUEUED') emit({ type: 'ExecutionStarted' });
  ended.forEach(emit);

  for (let skipped = true; skipped && step.end === null; ) {
    skipped = false;
    step.wakeAt = null;
    for (const command of schedule(plan.graph, state, now.getTime())) {
      switch (command.kind) {
        case 'start':
          if (mayStart) emit(nodeStarted(state, command.nodeKey));
          break;
        case 'skip':
          emit({ type: 'NodeSkipped', nodeKey: command.nodeKey, attempt: 0, because: command.because });
          // The node's own edges die, which may decide further nodes.
          skipped = true;
          break;
        case 'wait':
          step.wakeAt = Math.min(step.wakeAt ?? Number.POSITIVE_INFINITY, command.at);
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
  if (step.end !== null) emit(step.end);
  return step;
}

export function nodeStarted(state: RunState, nodeKey: string): EventBody {
  return { type: 'NodeStarted', nodeKey, attempt: runOf(state, nodeKey, null).attempt + 1 };
}
