import type { EventBody } from '../journal/event.ts';
import { applyEvent, type RunState, runOf } from './fold.ts';
import type { Plan } from './plan.ts';
import { schedule } from './schedule.ts';
import { executionOutput } from './values.ts';

/** One step of an execution: what to journal in one commit, and what to do once it is committed. */
export interface Step {
  events: EventBody[];
  /** Nodes to launch. */
  starts: string[];
  /** The terminal event, the last of `events`; an output is yet to be checked by its schema. */
  end: EventBody | null;
  /** Begins the execution, and does not end it yet. */
  isFirst: boolean;
  /** When the next retry is due, milliseconds of the epoch. */
  wakeAt: number | null;
}

/**
 * Applies to the state what ended, then whatever the scheduler commands until it says nothing new. Pure but for
 * the state, which it moves on; the clock is an argument. With `mayStart` false no node is begun.
 */
export function takeStep(
  plan: Plan,
  state: RunState,
  ended: readonly EventBody[],
  now: Date,
  mayStart = true,
): Step {
  const step: Step = { events: [], starts: [], end: null, isFirst: state.status === 'QUEUED', wakeAt: null };
  const tell = (event: EventBody) => {
    applyEvent(state, event, now);
    step.events.push(event);
    if (event.type === 'NodeStarted') step.starts.push(event.nodeKey);
  };
  if (state.status === 'QUEUED') tell({ type: 'ExecutionStarted' });
  ended.forEach(tell);

  for (let skipped = true; skipped && step.end === null; ) {
    skipped = false;
    step.wakeAt = null;
    for (const command of schedule(plan.graph, state, now.getTime())) {
      switch (command.kind) {
        case 'start':
          if (mayStart) tell(nodeStarted(state, command.nodeKey));
          break;
        case 'skip':
          tell({ type: 'NodeSkipped', nodeKey: command.nodeKey, attempt: 0 });
          // Its own edges die with it, which may decide further nodes.
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
  if (step.end !== null) tell(step.end);
  step.isFirst &&= step.end === null;
  return step;
}

export function nodeStarted(state: RunState, nodeKey: string): EventBody {
  return { type: 'NodeStarted', nodeKey, attempt: runOf(state, nodeKey, null).attempt + 1 };
}
