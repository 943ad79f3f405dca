import { readConfig } from '../../../server/config/environment.ts';

const tracesOf = (env: Record<string, string>) => readConfig(env).traces;
const OTEL_EXPORTER_OTLP_ENDPOINT = 'http://collector:4318';

test('without a receiver no traces are made, nor where the standard switches say so', () => {
  expect(tracesOf({ OTEL_SERVICE_NAME: 'name' })).toBeNull();
  expect(tracesOf({ OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SDK_DISABLED: 'true' })).toBeNull();
  expect(tracesOf({ OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_EXPORTER: 'none' })).toBeNull();
});

test('the names and defaults are those of OpenTelemetry', () => {
  expect(tracesOf({ OTEL_EXPORTER_OTLP_ENDPOINT })).toEqual({
    url: 'http://collector:4318/v1/traces',
    protocol: 'http/protobuf',
    headers: {},
    compression: 'none',
    timeoutMs: 10_000,
    followsParent: true,
    ratio: 1,
    serviceName: 'weft',
    resourceAttributes: {},
  });
  const more = {
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://traces.example/otlp',
    OTEL_EXPORTER_OTLP_HEADERS: 'api-key=a%3Db,x=1',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test, k8s.pod.name=p',
  };
  expect(
    tracesOf({ OTEL_EXPORTER_OTLP_ENDPOINT: `${OTEL_EXPORTER_OTLP_ENDPOINT}/base/`, ...more }),
  ).toMatchObject({
    url: 'https://traces.example/otlp',
    headers: { 'api-key': 'a=b', x: '1' },
    resourceAttributes: { 'deployment.environment.name': 'test', 'k8s.pod.name': 'p' },
  });
});

test.each([
  ['always_on', '0.5', false, 1],
  ['always_off', '0.5', false, 0],
  ['traceidratio', '0.5', false, 0.5],
  ['parentbased_always_on', '0.5', true, 1],
  ['parentbased_always_off', '0.5', true, 0],
  ['parentbased_traceidratio', '0.25', true, 0.25],
])('%s with %s', (OTEL_TRACES_SAMPLER, OTEL_TRACES_SAMPLER_ARG, followsParent, ratio) => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_SAMPLER, OTEL_TRACES_SAMPLER_ARG };
  expect(tracesOf(env)).toMatchObject({ followsParent, ratio });
});

test.each([
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'http://me:password@collector:4318', 'no name, password'],
  ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc', 'expected http/protobuf or http/json'],
  ['OTEL_TRACES_SAMPLER', 'always', 'expected always_on, always_off'],
  ['OTEL_TRACES_SAMPLER_ARG', '2', 'expected a number from 0 to 1'],
  ['OTEL_RESOURCE_ATTRIBUTES', 'nothing', 'expected name=value'],
])('%s=%s is refused', (name, value, message) => {
  expect(() => readConfig({ [name]: value })).toThrow(message);
});

test('a header that is wrong is not printed', () => {
  expect(() => readConfig({ OTEL_EXPORTER_OTLP_HEADERS: 'a-secret' })).toThrow(
    /HEADERS=…: expected name=value/,
  );
});
