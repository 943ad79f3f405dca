import { ROOT_CONTEXT } from '@opentelemetry/api';
import { SamplingDecision, TraceIdRatioBasedSampler } from '@opentelemetry/sdk-trace';
import { executionSpanId, ownTraceId, type TraceContext, withSampled } from '../shared/trace-context.ts';

export interface SamplerSettings {
  /** Whether an execution that is part of a trace is sampled where that is. */
  followsParent: boolean;
  /** Of all others, by the id of the trace, 0 to 1. */
  ratio: number;
}

/**
 * Gives the context of an execution's span. The same on every replica, and each time that an execution goes on.
 * @param given what its start was given
 */
export type Sampler = (executionId: string, given: TraceContext | null) => TraceContext;

export function makeSampler({ followsParent, ratio }: SamplerSettings): Sampler {
  const byRatio = new TraceIdRatioBasedSampler(ratio);
  return (executionId, given) => {
    const { traceId, flags, tracestate } = given ?? {
      traceId: ownTraceId(executionId),
      flags: 0,
      tracestate: null,
    };
    const context = { traceId, flags, tracestate, spanId: executionSpanId(executionId) };
    if (given !== null && followsParent) return context;
    const { decision } = byRatio.shouldSample(ROOT_CONTEXT, traceId);
    return withSampled(context, decision === SamplingDecision.RECORD_AND_SAMPLED);
  };
}
