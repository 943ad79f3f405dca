import { makeClient, type WeftClient } from '../client.ts';
import type { ExecutionEvent } from '../event.ts';
import { type ExecutionExport, readExport } from '../export.ts';
import { resolveOptions } from '../options.ts';
import type { Run } from '../run.ts';
import { makeTransportFallback } from '../transport/transport-fallback.ts';
import { makeReplayFetch } from './requests.ts';
import { openReplayTransport } from './stream.ts';
import { makeTimeline } from './timeline.ts';

export interface ReplayOptions {
  /** A factor of the recorded speed: 1 unless given, Infinity for all at once, `stepped` for `step()` alone. */
  speed?: number | 'stepped';
}

/** A recorded execution that is played again, without a server. */
export interface Replay<Output = unknown> {
  readonly executionId: string;
  /** A client that knows this one execution; pass it to the code under test. */
  readonly client: WeftClient;
  /** `client.executions.run(executionId)` */
  readonly run: Run<Output>;
  /** How many events have been emitted so far. */
  readonly position: number;
  /** Emits the next event and returns it; undefined at the end. */
  step(): ExecutionEvent | undefined;
  /** Emits events up to the first that matches, and returns that; undefined where none matches. */
  stepTo(matches: (event: ExecutionEvent) => boolean): ExecutionEvent | undefined;
  /** Emits all remaining events at once. */
  finish(): void;
}

/**
 * Replays what `weft.executions.export(id)` returned. The clock runs while somebody follows the events, and leaves no
 * timer. Canceling the run ends the replay at the current event; requests that a recording cannot answer fail with
 * NOT_IN_REPLAY.
 * @throws WeftRequestError UNKNOWN_FORMAT
 */
export function replay<Output = unknown>(
  document: unknown,
  { speed = 1 }: ReplayOptions = {},
): Replay<Output> {
  const exported: ExecutionExport = readExport(document);
  const executionId = exported.execution.id;
  const timeline = makeTimeline(executionId, exported.events, speed === 'stepped' ? 0 : speed);
  const transport = openReplayTransport(executionId, timeline);
  const settings = resolveOptions({
    url: 'http://replay.invalid',
    fetch: makeReplayFetch(exported, timeline),
  });
  const client = makeClient({
    settings,
    fallback: makeTransportFallback(['ws']),
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
