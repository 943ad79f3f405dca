import type { z } from 'zod';
import { flag, keyValues, oneOf, plainUrl, someNumber, text, wholeNumber } from './values.ts';

const samplers = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

/** The settings of traces, by the names that OpenTelemetry gives them for every program. */
export const traceSettings = {
  OTEL_EXPORTER_OTLP_ENDPOINT: plainUrl('http://otel-collector:4318')
    .optional()
    .describe(
      'Where traces are sent by OTLP over HTTP, to its path /v1/traces. Not set: traces are not made.',
    ),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: plainUrl('http://otel-collector:4318/v1/traces')
    .optional()
    .describe('Where traces are sent, with the path; it counts before OTEL_EXPORTER_OTLP_ENDPOINT.'),
  OTEL_EXPORTER_OTLP_PROTOCOL: oneOf(['http/protobuf', 'http/json'])
    .default('http/protobuf')
    .describe('How traces are encoded for their receiver: in Protocol Buffers, or in JSON.'),
  OTEL_EXPORTER_OTLP_HEADERS: keyValues('api-key=value')
    .default({})
    .describe('Headers that the receiver of traces wants, such as api-key=value, separated by commas.'),
  OTEL_EXPORTER_OTLP_COMPRESSION: oneOf(['gzip', 'none'])
    .default('none')
    .describe('Whether what is sent to the receiver of traces is compressed.'),
  OTEL_EXPORTER_OTLP_TIMEOUT: wholeNumber(1, 600_000)
    .default(10_000)
    .describe('How long one request to the receiver of traces may take, milliseconds.'),
  OTEL_TRACES_EXPORTER: oneOf(['otlp', 'none'])
    .default('otlp')
    .describe('`none` makes no traces, whatever else is set.'),
  OTEL_SDK_DISABLED: flag().default(false).describe('`true` makes no traces, whatever else is set.'),
  OTEL_TRACES_SAMPLER: oneOf(samplers)
    .default('parentbased_always_on')
    .describe('Which executions are traced; `parentbased_…` obeys the trace that an execution is part of.'),
  OTEL_TRACES_SAMPLER_ARG: someNumber(0, 1)
    .default(1)
    .describe('The share of executions that are traced, for the samplers with `traceidratio` in their name.'),
  OTEL_SERVICE_NAME: text().default('weft').describe('The name of the service in traces.'),
  OTEL_RESOURCE_ATTRIBUTES: keyValues('deployment.environment.name=production')
    .default({})
    .describe('What else traces say of the service, such as key=value, separated by commas.'),
};

type TraceSettings = z.infer<z.ZodObject<typeof traceSettings>>;

/** Null where no traces are made. */
export function toTraceConfig(settings: TraceSettings) {
  const url = endpointOf(settings);
  if (url === null || settings.OTEL_SDK_DISABLED || settings.OTEL_TRACES_EXPORTER === 'none') return null;
  return {
    url,
    protocol: settings.OTEL_EXPORTER_OTLP_PROTOCOL,
    headers: settings.OTEL_EXPORTER_OTLP_HEADERS,
    compression: settings.OTEL_EXPORTER_OTLP_COMPRESSION,
    timeoutMs: settings.OTEL_EXPORTER_OTLP_TIMEOUT,
    ...samplerOf(settings),
    serviceName: settings.OTEL_SERVICE_NAME,
    resourceAttributes: settings.OTEL_RESOURCE_ATTRIBUTES,
  };
}

function endpointOf({
  OTEL_EXPORTER_OTLP_ENDPOINT: base,
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: whole,
}: TraceSettings): string | null {
  if (whole !== undefined) return whole;
  return base === undefined ? null : `${base.replace(/\/$/, '')}/v1/traces`;
}

function samplerOf({ OTEL_TRACES_SAMPLER: sampler, OTEL_TRACES_SAMPLER_ARG: share }: TraceSettings): {
  followsParent: boolean;
  ratio: number;
} {
  const kind = sampler.replace('parentbased_', '');
  const ratio = kind === 'traceidratio' ? share : kind === 'always_on' ? 1 : 0;
  return { followsParent: sampler.startsWith('parentbased_'), ratio };
}
