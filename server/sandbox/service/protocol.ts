import { z } from 'zod';
import type { PackageFinding } from '../../packages/check.ts';
import type { PythonEnvironment } from '../../packages/environment.ts';
import { MAX_HOSTS } from '../../shared/http/host-rules.ts';
import { isId } from '../../shared/ids.ts';
import {
  MAX_CODE_CHARACTERS,
  MAX_RECURSION_LIMIT,
  MAX_SESSION_RUNS,
  noticeCodes,
  type PythonEvent,
  type PythonFinding,
  type PythonOutcome,
  pythonErrorCodes,
  pythonPolicies,
  pythonShapes,
  type SandboxCapacity,
  type SandboxStatus,
} from '../backend.ts';

/**
 * The messages between a sandbox service and its clients; PROTOCOL.md describes them. Both sides parse what they
 * receive with these schemas. Unknown fields are ignored, so that later versions may add fields.
 */
export const PROTOCOL_VERSION = 1;
export const BASE_PATH = '/sandbox/v1';

/** Limit on the body of a request and on one line of an answer: twice a cell's result (32 MiB), as JSON may differ. */
export const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

/** A service that has nothing else to send sends a heartbeat at least this often. */
export const HEARTBEAT_MS = 2_000;

const v = z.literal(PROTOCOL_VERSION);

/** The most that any operator grants to a run. */
const MAX_TIMEOUT_MS = 12 * 3_600_000;

/** A looser one than the service's counts as the service's. */
const policy = z.enum(pythonPolicies).nullish();

const packages = z.array(z.string().max(1_000)).max(1_000);
const hosts = z.array(z.string().max(300)).max(MAX_HOSTS);

export const runRequestSchema = z.object({
  v,
  id: z.uuid(),
  code: z.string().max(MAX_CODE_CHARACTERS),
  packages,
  input: z.unknown(),
  /** The service ends a run earlier where its operator grants less. */
  timeoutMs: z.int().min(1).max(MAX_TIMEOUT_MS),
  memoryMb: z.int().min(1).max(1_048_576).optional(),
  recursionLimit: z.int().min(1).max(MAX_RECURSION_LIMIT).optional(),
  /** Whether the client answers `open-file`; an earlier release of a client does not. */
  sendsFiles: z.boolean().optional(),
  policy,
  hosts: hosts.optional(),
  /** An earlier release of a service gives the code none. */
  secrets: z.record(z.string().max(100), z.string().max(1_000_000)).optional(),
  /** An earlier release of a service sends none. */
  traceHeaders: z.partialRecord(z.enum(['traceparent', 'tracestate']), z.string().max(1_000)).optional(),
  /** Of runs that come one after another and may share a cell; an earlier release of a service has each in its own. */
  session: z.object({ id: z.uuid(), maxRuns: z.int().min(1).max(MAX_SESSION_RUNS) }).optional(),
});

/** The headers of a file that is sent to a run; the name is percent-encoded. */
export const FILE_NAME_HEADER = 'x-weft-file-name';

/** Instead of a file. */
export const fileRefusalSchema = z.object({ v, refused: z.string().max(10_000) });
export const fileReceivedSchema = z.object({ v, received: z.literal(true) });

export const cancelRequestSchema = z.object({ v, force: z.boolean() });

export const checkRequestSchema = z.object({
  v,
  code: z.string().max(MAX_CODE_CHARACTERS),
  packages: packages.default([]),
  policy,
  hosts: hosts.default([]),
});

export const prepareRequestSchema = z.object({ v, packages });

const findingFields = {
  rule: z.string(),
  message: z.string(),
  line: z.int().nullable(),
  column: z.int().nullable(),
};
const findingSchema: z.ZodType<PythonFinding> = z.object(findingFields);

const environmentEventFields = {
  status: z.enum(['RESOLVING', 'INSTALLING', 'READY', 'FAILED']),
  packages: z.array(z.string()).readonly(),
  message: z.string().nullable(),
};

const eventSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('output'),
    stream: z.enum(['STDOUT', 'STDERR']),
    text: z.string(),
    byteOffset: z.int().min(0),
    truncated: z.boolean(),
    code: z.literal('PYTHON_OUTPUT_LIMIT').optional(),
    message: z.string().optional(),
  }),
  z.object({
    kind: z.literal('progress'),
    current: z.number(),
    total: z.number().nullable(),
    unit: z.string().nullable(),
    message: z.string().nullable(),
    source: z.enum(['progress', 'tqdm']),
  }),
  z.object({
    kind: z.literal('violation'),
    violation: z.object({
      ...findingFields,
      code: z.literal('PYTHON_SECURITY_ERROR'),
      layer: z.enum(['STATIC', 'RUNTIME', 'KERNEL']),
    }),
    count: z.int().min(1).optional(),
    isFatal: z.literal(false).optional(),
  }),
  z.object({ kind: z.literal('environment'), ...environmentEventFields }),
  z.object({
    kind: z.literal('artifact'),
    id: z
      .string()
      .refine((id) => isId('art', id))
      .optional(),
    name: z.string(),
    mimeType: z.string(),
    base64: z.string(),
  }),
  z.object({
    kind: z.literal('request'),
    host: z.string(),
    method: z.string(),
    httpStatus: z.int().nullable(),
    sentBytes: z.int().min(0),
    receivedBytes: z.int().min(0),
    durationMs: z.number().min(0),
    failureCode: z.string().nullable(),
  }),
]);

/** Includes optional fields: one that the schema lacked would be lost on the way without an error. */
type FieldsOf<Union extends { kind: string }> = Union extends unknown
  ? `${Union['kind']}.${keyof Union & string}`
  : never;
true satisfies FieldsOf<PythonEvent> extends FieldsOf<z.infer<typeof eventSchema>> ? true : never;

const durationMs = z.number().min(0);

const outcomeSchema: z.ZodType<PythonOutcome> = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('succeeded'),
    result: z.unknown(),
    notices: z
      .array(z.object({ code: z.enum(noticeCodes), message: z.string().max(4000) }))
      .max(noticeCodes.length)
      .optional(),
    durationMs,
  }),
  z.object({
    kind: z.literal('failed'),
    error: z.object({
      code: z.enum(pythonErrorCodes),
      type: z.string().nullable(),
      message: z.string(),
      traceback: z.string().nullable(),
      line: z.int().nullable(),
      column: z.int().nullable(),
      exitCode: z.int().nullable(),
      stderr: z.string().nullable(),
      retryable: z.boolean(),
    }),
    durationMs,
  }),
  z.object({ kind: z.literal('aborted'), durationMs }),
]);

const count = z.int().min(0);
const capacitySchema: z.ZodType<SandboxCapacity> = z.object({
  running: count,
  waiting: count,
  max: z.int().min(1),
});

const heartbeatSchema = z.object({ v, kind: z.literal('heartbeat'), capacity: capacitySchema });
const gaveUpSchema = z.object({ v, kind: z.literal('gave-up'), message: z.string() });

/** One line of the answer to a run: `accepted` first, `outcome` or `gave-up` last. */
export const runFrameSchema = z.discriminatedUnion('kind', [
  z.object({ v, kind: z.literal('accepted'), capacity: capacitySchema }),
  heartbeatSchema,
  z.object({ v, kind: z.literal('event'), event: eventSchema }),
  z.object({ v, kind: z.literal('open-file'), number: z.int().min(1), file: z.string() }),
  z.object({ v, kind: z.literal('outcome'), outcome: outcomeSchema }),
  gaveUpSchema,
]);
export type RunFrame = z.infer<typeof runFrameSchema>;

const time = z.iso.datetime().transform((text) => new Date(text));

const environmentSchema = z.object({
  id: z.string(),
  requirements: z.array(z.string()),
  packages: z.array(z.object({ name: z.string(), version: z.string() })),
  sizeBytes: count,
  state: z.enum(['BUILDING', 'READY', 'FAILED']),
  message: z.string().nullable(),
  createdAt: time,
  lastUsedAt: time.nullable(),
}) satisfies z.ZodType<PythonEnvironment>;

/** One line of the answer to preparing an environment: `ready`, `failed`, `refused` or `gave-up` last. */
export const prepareFrameSchema = z.discriminatedUnion('kind', [
  heartbeatSchema,
  z.object({ v, kind: z.literal('event'), event: z.object(environmentEventFields) }),
  z.object({ v, kind: z.literal('ready'), environment: environmentSchema }),
  z.object({ v, kind: z.literal('failed'), message: z.string(), retryable: z.boolean() }),
  z.object({
    v,
    kind: z.literal('refused'),
    findings: z.array(
      z.object({
        rule: z.enum(['invalid-requirement', 'package-not-allowed']),
        message: z.string(),
        index: count,
      }) satisfies z.ZodType<PackageFinding>,
    ),
  }),
  gaveUpSchema,
]);
export type PrepareFrame = z.infer<typeof prepareFrameSchema>;

export const environmentsSchema = z.object({ v, environments: z.array(environmentSchema) });

export const deletionSchema = z.object({ v, deleted: z.boolean() });

export const healthSchema = z.object({
  v,
  state: z.enum(['ok', 'draining', 'unavailable']),
  problem: z.string().nullable(),
  version: z.string(),
  capacity: capacitySchema,
});

export type Health = z.infer<typeof healthSchema>;

/** A service of an earlier release has two policies and says neither. */
const servicePolicy = z.enum(pythonPolicies).default('strict');

/** A service of an earlier release knows no shapes. */
export const checkSchema = z.object({
  v,
  findings: z.array(findingSchema),
  shape: z.enum(pythonShapes).nullable().default(null),
  inputSchema: z.unknown().default(null),
  imports: z.array(z.string()).default([]),
  policy: servicePolicy,
});

export const cancelSchema = z.object({ v, ended: z.literal(true) });

export const statusSchema = z.object({
  v,
  status: z.object({
    available: z.boolean(),
    problem: z.object({ code: z.enum(pythonErrorCodes), message: z.string(), remedy: z.string() }).nullable(),
    pythonVersion: z.string().nullable(),
    pythonPath: z.string().nullable(),
    policy: servicePolicy,
    walls: z.array(z.object({ name: z.string(), inForce: z.boolean(), detail: z.string() })),
  }) satisfies z.ZodType<Omit<SandboxStatus, 'services'>>,
});

/** A refusal, with an HTTP status of 400 or more; the same shape as the API's. */
export const refusalSchema = z.object({
  errors: z.array(z.object({ message: z.string(), extensions: z.object({ code: z.string() }) })).min(1),
});
