import {
  createTraceState,
  type HrTime,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  type TraceState,
} from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, type ReadableSpan } from '@opentelemetry/sdk-trace';
import type { StoredExecution } from '../engine/execution-store.ts';
import type { FollowedExecution, Traces } from '../engine/traces.ts';
import { hasEnded } from '../journal/event.ts';
import { newId } from '../shared/ids.ts';
import type { Logger } from '../shared/logger.ts';
import {
  attemptSpanId,
  cellSpanId,
  givenContext,
  isSampled,
  nodeSpanId,
  type TraceContext,
} from '../shared/trace-context.ts';
import { version } from '../shared/version.ts';
import { makeSampler, type SamplerSettings } from './sampler.ts';
import { type ExporterSettings, openExporter } from './span-exporter.ts';
import { type EndedSpan, makeTraceFold, type Note } from './trace-fold.ts';

export interface TraceSettings extends ExporterSettings, SamplerSettings {
  serviceName: string;
  resourceAttributes: Readonly<Record<string, string>>;
}

export interface OpenTraces extends Traces, AsyncDisposable {}

/** Spans that wait to be sent, some 8 MiB of them; what ends beyond them is left out. */
const MAX_QUEUED = 8_192;
/** How long spans wait for others that go with them. */
const BATCH_MS = 1_000;
/** How long a server that stops waits for what it sends last. */
const LAST_SEND_MS = 3_000;
/** Of one execution: spans that wait for the end of their stretch; and how long they wait at most. */
const MAX_HELD = 500;
const MAX_HELD_MS = 30_000;
const LOOK_MS = 5_000;

/**
 * Traces of executions, made of what is committed to their journals: execution → node → attempt → cell. This file, and
 * the packages that it needs, are loaded only where traces are wanted.
 *
 * What has ended is held until its stretch has (trace-fold.ts), and sent then. So where a worker is lost, the next one
 * sends what that one has not. A stretch that is long or has many spans is sent in pieces, and again under the same ids
 * where its worker is lost.
 */
export function openTraces(settings: TraceSettings, logger: Logger): OpenTraces {
  const exporter = openExporter(settings, logger);
  const processor = new BatchSpanProcessor({
    exporter,
    maxQueueSize: MAX_QUEUED,
    scheduledDelayMillis: BATCH_MS,
  });
  const sampler = makeSampler(settings);
  const scope = { name: 'weft', version };
  const resource = resourceFromAttributes({
    'service.name': settings.serviceName,
    'service.version': version,
    'service.instance.id': newId('wrk'),
    ...settings.resourceAttributes,
  });
  /** Those that hold spans. */
  const holders = new Set<{ since: number; flush: () => void }>();
  const looking = setInterval(flushOld, LOOK_MS).unref();

  function flushOld(): void {
    const before = performance.now() - MAX_HELD_MS;
    for (const holder of holders) if (holder.since < before) holder.flush();
  }

  function follow(executionId: string): FollowedExecution {
    const fold = makeTraceFold();
    const holder = { since: 0, flush };
    let spanOf: ((ended: EndedSpan) => ReadableSpan) | null = null;

    function flush(): void {
      holders.delete(holder);
      const { ended } = fold;
      fold.ended = [];
      if (spanOf !== null) for (const each of ended) processor.onEnd(spanOf(each));
    }

    return {
      replay: fold.replay,
      begin(row) {
        const context = sampler(executionId, givenContext(row));
        if (!isSampled(context)) return context;
        spanOf = makeSpanMaker({ executionId, row, context, resource, scope });
        if (hasEnded(row.status)) flush();
        return context;
      },
      add(events) {
        if (spanOf === null) return;
        const isOver = fold.add(events);
        if (isOver || fold.ended.length >= MAX_HELD) return flush();
        if (fold.ended.length === 0 || holders.has(holder)) return;
        holder.since = performance.now();
        holders.add(holder);
      },
      [Symbol.dispose]() {
        holders.delete(holder);
        fold.ended = [];
      },
    };
  }

  return {
    follow,
    async [Symbol.asyncDispose]() {
      clearInterval(looking);
      const { promise: tooLong, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, LAST_SEND_MS);
      await Promise.race([tooLong, processor.shutdown().catch(() => {})]); // the exporter has logged why
      clearTimeout(timer);
    },
  };
}

interface Traced extends Pick<ReadableSpan, 'resource'> {
  executionId: string;
  row: StoredExecution;
  context: TraceContext;
  scope: ReadableSpan['instrumentationScope'];
}

/** Attributes name what something is, and never hold what somebody gave it or got of it. */
function makeSpanMaker({ executionId, row, context, resource, scope }: Traced) {
  const { traceId, flags: traceFlags, tracestate } = context;
  const traceState: { traceState?: TraceState } =
    tracestate === null ? {} : { traceState: createTraceState(tracestate) };
  const given = givenContext(row);
  const ownId = context.spanId;
  const typeOf = new Map(row.definition.nodes.map(({ key, type }) => [key, type]));
  const contextOf = (spanId: string): SpanContext => ({ traceId, spanId, traceFlags, ...traceState });

  return (ended: EndedSpan): ReadableSpan => {
    const { spanId, parent, name, kind, attributes } = describe(ended);
    const spanContext = contextOf(spanId);
    const { startMs, endMs, status, errorCode } = ended;
    const start = startMs ?? row.createdAt.getTime();
    // Of another worker, whose clock is behind.
    const end = Math.max(start, endMs);
    return {
      name,
      kind,
      spanContext: () => spanContext,
      ...(parent !== null && { parentSpanContext: parent }),
      startTime: toHrTime(start),
      endTime: toHrTime(end),
      duration: toHrTime(end - start),
      status:
        errorCode === null
          ? { code: SpanStatusCode.UNSET }
          : { code: SpanStatusCode.ERROR, message: errorCode },
      attributes: {
        ...attributes,
        'weft.status': status,
        ...(errorCode !== null && { 'error.type': errorCode }),
      },
      links: [],
      events: ended.notes.map(toTimedEvent),
      ended: true,
      resource,
      instrumentationScope: scope,
      droppedAttributesCount: 0,
      droppedEventsCount: ended.leftOutNotes,
      droppedLinksCount: 0,
    };
  };

  function describe(span: EndedSpan): Described {
    switch (span.of) {
      case 'execution':
        return {
          spanId: ownId,
          parent: given && { ...contextOf(given.spanId), isRemote: true },
          name: `execution ${row.definition.name}`,
          kind: SpanKind.CONSUMER,
          attributes: {
            'weft.execution.id': executionId,
            'weft.project': row.project,
            ...(row.workflowId !== null && { 'weft.workflow.id': row.workflowId }),
            ...(row.versionNumber !== null && { 'weft.workflow.version': row.versionNumber }),
            ...(row.triggerId !== null && { 'weft.trigger.id': row.triggerId }),
          },
        };
      case 'node':
        return {
          spanId: nodeSpanId(executionId, span.nodeKey),
          parent: contextOf(ownId),
          name: `node ${span.nodeKey}`,
          kind: SpanKind.INTERNAL,
          attributes: {
            'weft.node.key': span.nodeKey,
            'weft.node.type': typeOf.get(span.nodeKey) ?? '',
          },
        };
      case 'attempt':
        return {
          spanId: attemptSpanId(executionId, span),
          parent: contextOf(nodeSpanId(executionId, span.nodeKey)),
          name: span.item === null ? `attempt ${span.attempt}` : `item attempt ${span.attempt}`,
          // The other end of its requests is a server of somebody's.
          kind: typeOf.get(span.nodeKey) === 'http' ? SpanKind.CLIENT : SpanKind.INTERNAL,
          attributes: {
            'weft.attempt': span.attempt,
            ...(span.item !== null && { 'weft.item': span.item }),
          },
        };
      case 'cell':
        return {
          spanId: cellSpanId(executionId, span),
          parent: contextOf(attemptSpanId(executionId, span)),
          name: 'cell',
          kind: SpanKind.INTERNAL,
          attributes: {},
        };
    }
  }
}

interface Described extends Pick<ReadableSpan, 'name' | 'kind' | 'attributes'> {
  spanId: string;
  parent: SpanContext | null;
}

function toTimedEvent({ name, atMs, reason }: Note): ReadableSpan['events'][number] {
  const attributes = reason === undefined ? {} : { 'weft.wait.reason': reason };
  return { name, time: toHrTime(atMs), attributes };
}

/** @param ms whole or not: seconds and nanoseconds */
function toHrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1_000);
  return [seconds, Math.round((ms - seconds * 1_000) * 1_000_000)];
}
