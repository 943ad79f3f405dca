import { makeClient, type WeftClient } from '../client.ts';
import type { ExecutionEvent } from '../event.ts';
import { type ExecutionExport, readExport } from '../export.ts';
import { settle } from '../options.ts';
import type { Run } from '../run.ts';
import { makeLadder } from '../transport/transport-fallback.ts';
import { answerRequests } from './requests.ts';
import { openReplayTransport } from './stream.ts';
import { makeTimeline } from './timeline.ts';

export interface ReplayOptions {
  /** How many times as fast as it was recorded; 1 unless given, Infinity for at once, `stepped` for by hand. */
  speed?: number | 'stepped';
}

/** An execution that happens again, without a server. */
export interface Replay<Output = unknown> {
  readonly executionId: string;
  /** The client of an app, but for what is at its end: give it to what is tested. It knows this one execution. */
  readonly client: WeftClient;
  /** `client.executions.run(executionId)` */
  readonly run: Run<Output>;
  /** How many events have happened so far. */
  readonly position: number;
  /** Lets the next event happen, and gives it; undefined where there is none. */
  step(): ExecutionEvent | undefined;
  /** Lets events happen up to the first that matches, and gives that; undefined where none does. */
  stepTo(matches: (event: ExecutionEvent) => boolean): ExecutionEvent | undefined;
  /** Lets all the rest happen at once. */
  finish(): void;
}

/**
 * Replays what `weft.executions.export(id)` gave. The clock runs while somebody follows the events, and leaves no timer
 * behind. Canceling the run ends it where it stands; what a recording cannot answer is refused with NOT_IN_REPLAY.
 * @throws WeftError UNKNOWN_FORMAT
 */
export function replay<Output = unknown>(
  document: unknown,
  { speed = 1 }: ReplayOptions = {},
): Replay<Output> {
  const exported: ExecutionExport = readExport(document);
  const executionId = exported.execution.id;
  const timeline = makeTimeline(executionId, exported.events, speed === 'stepped' ? 0 : speed);
  const transport = openReplayTransport(executionId, timeline);
  const settings = settle({ url: 'http://replay.invalid', fetch: answerRequests(exported, timeline) });
  const client = makeClient({
    settings,
    ladder: makeLadder(['ws']),
    transports: { ws: transport, sse: transport },
  });
  return {
    executionId,
    client,
    run: client.executions.run<Output>(executionId),
    get position() {
      return timeline.position;
    },
    step: () => timeline.step(),
    stepTo(matches) {
      for (let event = timeline.step(); event !== undefined; event = timeline.step())
        if (matches(event)) return event;
      return undefined;
    },
    finish: () => timeline.finish(),
  };
}
