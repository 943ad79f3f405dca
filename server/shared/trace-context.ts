import { hash } from 'node:crypto';

/**
 * Which trace something belongs to, as W3C Trace Context carries it between programs. Ids of spans are derived from what
 * the span is of, so that whoever goes on with an execution names the same span alike, in any process.
 */
export interface TraceContext {
  /** 32 hexadecimal digits. */
  traceId: string;
  /** Of the span that this is the context of, 16 hexadecimal digits. */
  spanId: string;
  /** Bits: `SAMPLED`, `RANDOM`. */
  flags: number;
  /** What other vendors hand on; null for nothing. */
  tracestate: string | null;
}

/** What a start was given, as it is kept with the execution. */
export interface GivenTrace {
  /** Valid, of version 00. */
  traceparent: string;
  tracestate: string | null;
}

const SAMPLED = 0x01;
/** Of W3C Trace Context level 2: the trace id has random bits. Handed on as it came. */
const RANDOM = 0x02;

/**
 * The trace that a request asks to be part of; null where it asks for none, or not in the form of the standard, which
 * says that such a header counts as absent.
 * @param headers by their names in lower case
 */
export function givenTrace({
  traceparent,
  tracestate = '',
}: Record<string, string | string[] | undefined>): GivenTrace | null {
  if (typeof traceparent !== 'string') return null;
  const context = parse(traceparent.trim());
  if (context === null) return null;
  const members = validState(String(tracestate));
  return { traceparent: traceparentOf(context), tracestate: members };
}

/** The context that the start of an execution was given; null for none. */
export function givenContext({ traceparent, tracestate }: Nullable<GivenTrace>): TraceContext | null {
  const context = traceparent === null ? null : parse(traceparent);
  return context && { ...context, tracestate };
}

type Nullable<T> = { [K in keyof T]: T[K] | null };

/** What it gives an execution that it starts. */
export function givenBy(context: TraceContext | null): GivenTrace | null {
  return context && { traceparent: traceparentOf(context), tracestate: context.tracestate };
}

/** The trace of an execution that is part of no other: its id is the UUID in that of the execution. */
export function ownTraceId(executionId: string): string {
  return executionId.slice(executionId.indexOf('_') + 1).replaceAll('-', '');
}

export function isSampled(context: TraceContext | null): boolean {
  return context !== null && (context.flags & SAMPLED) !== 0;
}

export function withSampled<C extends { flags: number }>(context: C, isSampled: boolean): C {
  const { flags } = context;
  return { ...context, flags: isSampled ? flags | SAMPLED : flags & ~SAMPLED };
}

export function traceparentOf({ traceId, spanId, flags }: Omit<TraceContext, 'tracestate'>): string {
  return `00-${traceId}-${spanId}-${flags.toString(16).padStart(2, '0')}`;
}

/** What a request sends that is part of the trace. */
export function traceHeaders(context: TraceContext | null): Record<string, string> {
  if (context === null) return {};
  const { tracestate } = context;
  return { traceparent: traceparentOf(context), ...(tracestate !== null && { tracestate }) };
}

/** The span of an execution. */
export function executionSpanId(executionId: string): string {
  return spanId(executionId);
}

/** The span of a node, which all of its attempts are in. */
export function nodeSpanId(executionId: string, nodeKey: string): string {
  return spanId(`${executionId}\n${nodeKey}`);
}

/** The span of one attempt of a node, or of one item of it. */
export function attemptSpanId(executionId: string, { nodeKey, attempt, item }: AttemptName): string {
  return spanId(`${executionId}\n${nodeKey}\n${item ?? ''}\n${attempt}`);
}

/** The span of the sandbox's cell that an attempt ran in. */
export function cellSpanId(executionId: string, { nodeKey, attempt, item }: AttemptName): string {
  return spanId(`${executionId}\n${nodeKey}\n${item ?? ''}\n${attempt}\ncell`);
}

interface AttemptName {
  nodeKey: string;
  attempt: number;
  item?: number | null | undefined;
}

function spanId(of: string): string {
  return hash('sha256', of, 'hex').slice(0, 16);
}

/** Of a later version, what version 00 has is read. */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

function parse(text: string): Omit<TraceContext, 'tracestate'> | null {
  const [, version, traceId, parentId, flags, rest] = TRACEPARENT.exec(text) ?? [];
  if (version === undefined || version === 'ff' || (version === '00' && rest !== undefined)) return null;
  if (/^0+$/.test(traceId!) || /^0+$/.test(parentId!)) return null;
  return { traceId: traceId!, spanId: parentId!, flags: Number.parseInt(flags!, 16) & (SAMPLED | RANDOM) };
}

/** What must be handed on at least. */
const MAX_STATE = 512;
const MAX_MEMBERS = 32;
const MEMBER =
  /^[a-z0-9][a-z0-9_\-*/@]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

/** Null for what is not in the form of the standard, all of which is left out then. */
function validState(text: string): string | null {
  if (text.length > 2 * MAX_STATE) return null;
  const members = text
    .split(',')
    .map((member) => member.trim())
    .filter((member) => member !== '');
  const joined = members.join();
  const isValid =
    members.length > 0 &&
    members.length <= MAX_MEMBERS &&
    joined.length <= MAX_STATE &&
    members.every((member) => MEMBER.test(member));
  return isValid ? joined : null;
}
