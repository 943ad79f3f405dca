import { DiagLogLevel, diag } from '@opentelemetry/api';
import { ExportResultCode } from '@opentelemetry/core';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import type { SpanExporter } from '@opentelemetry/sdk-trace';
import type { Logger } from '../shared/logger.ts';

export interface ExporterSettings {
  /** Where spans go, with its path. */
  url: string;
  protocol: 'http/protobuf' | 'http/json';
  headers: Record<string, string>;
  /** Of one request and its repetitions, milliseconds. */
  timeoutMs: number;
  compression: 'gzip' | 'none';
}

/** Sends spans by OTLP. A receiver that is away costs them, and one line of the log. */
export function openExporter(
  { url, protocol, headers, timeoutMs, compression }: ExporterSettings,
  logger: Logger,
): SpanExporter {
  const Exporter = protocol === 'http/json' ? JsonExporter : ProtobufExporter;
  const exporter = new Exporter({
    url,
    headers,
    timeoutMillis: timeoutMs,
    compression: compression as never, // an enum of the package
  });
  // What failed is told below, once; warnings say what was left out, or what a receiver did not take.
  const drop = () => {};
  diag.setLogger(
    { error: drop, warn: (text) => logger.warn({ text }, 'traces'), info: drop, debug: drop, verbose: drop },
    DiagLogLevel.WARN,
  );
  const { origin } = new URL(url);
  /** Since spans last arrived. */
  let lost = 0;
  return {
    export(spans, onResult) {
      exporter.export(spans, (result) => {
        if (result.code !== ExportResultCode.SUCCESS) {
          if (lost === 0)
            logger.warn(
              { err: result.error, origin },
              'traces could not be sent; spans are lost until they can',
            );
          lost += spans.length;
        } else if (lost > 0) {
          logger.warn({ lost }, 'traces are sent again; the spans of the meantime are lost');
          lost = 0;
        }
        onResult(result);
      });
    },
    shutdown: () => exporter.shutdown(),
  };
}
