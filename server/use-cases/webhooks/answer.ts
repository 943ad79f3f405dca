import type { OutgoingHttpHeaders } from 'node:http';
import type { Pool } from 'pg';
import type { JournalEvent, NodeError } from '../../journal/event.ts';
import { followJournal } from '../../journal/follow.ts';
import type { Hub } from '../../journal/hub.ts';
import type { RecentEvents } from '../../journal/recent-events.ts';
import { type RespondOutput, respond } from '../../nodes/builtin/respond.ts';
import { headerProblem, isBodyless } from '../../shared/http/answer-headers.ts';
import { jsonType } from '../../shared/http/http-error.ts';
import { acquireAtOnce } from '../../shared/semaphore.ts';
import { findVersion, workflowOfRow } from '../find-version.ts';
import type { Execution } from '../types.ts';
import type { Webhook } from './webhook.ts';

/** An HTTP response. `code` and `reason`: why it is no success, for the log of requests. */
export interface Answer {
  status: number;
  headers: OutgoingHttpHeaders;
  body: string | null;
  code: string | null;
  reason: string | null;
}

export interface AnswerDeps {
  pool: Pool;
  hub: Hub;
  recentEvents: RecentEvents;
}

/** The execution is named in each answer, by a header too where the body is the workflow's. */
const EXECUTION_HEADER = 'weft-execution-id';

/** 202: it has started, or had before. */
export function acceptedAnswer(executionId: string): Answer {
  const headers = { ...named(executionId), location: `/executions/${executionId}/events` };
  return jsonAnswer(202, headers, { executionId });
}

/**
 * The answer that an execution gives, whichever worker runs it: it is read from the journal. `signal` ends the wait
 * when the sender goes away, `closing` when the server stops; the execution goes on after each.
 */
export async function answerOf(
  deps: AnswerDeps,
  webhook: Webhook,
  execution: Execution,
  { signal, closing }: { signal: AbortSignal; closing: AbortSignal },
): Promise<Answer> {
  const nodeKeys = webhook.respond === 'NODE' ? await respondNodes(deps.pool, execution) : [];
  const late = AbortSignal.timeout(webhook.timeoutMs);
  const batches = followJournal(deps, execution.id, {
    after: 0,
    types: ['NodeSucceeded', 'ExecutionSucceeded', 'ExecutionFailed', 'ExecutionCanceled'],
    nodeKeys,
    acquire: acquireAtOnce,
    signal: AbortSignal.any([signal, closing, late]),
  });
  for await (const { events } of batches)
    for (const event of events) {
      const answer = answerTo(event, webhook);
      if (answer !== null) return answer;
    }
  return closing.aborted ? stopping(execution.id) : notEnded(execution.id, webhook.timeoutMs);
}

/** The nodes of the version that it runs whose success is the answer. */
async function respondNodes(pool: Pool, { workflowId, versionNumber }: Execution): Promise<string[]> {
  const version = await findVersion(pool, workflowOfRow(workflowId!), versionNumber);
  return (version?.definition.nodes ?? []).filter(({ type }) => type === respond.type).map(({ key }) => key);
}

/** Null where the answer is still to come. */
function answerTo(event: JournalEvent, webhook: Webhook): Answer | null {
  const { executionId } = event;
  switch (event.type) {
    case 'NodeSucceeded':
      return isRespondOutput(event.output) ? ownAnswer(executionId, event.output) : null;
    case 'ExecutionSucceeded':
      return webhook.respond === 'OUTPUT'
        ? jsonAnswer(200, named(executionId), event.output ?? null)
        : { status: 204, headers: named(executionId), body: null, code: null, reason: null };
    case 'ExecutionFailed':
      return failed(executionId, event.error);
    case 'ExecutionCanceled':
      return failed(executionId, { code: 'EXECUTION_CANCELED', message: 'The execution was canceled.' });
    default:
      return null;
  }
}

/** Of a node with `forEach` each item has one, and the list of all is none. */
function isRespondOutput(output: unknown): output is RespondOutput {
  const { status, headers } = (output ?? {}) as Partial<RespondOutput>;
  return Number.isInteger(status) && status! >= 200 && status! <= 599 && typeof headers === 'object';
}

/** Checked again: what may be set is decided by the release that answers, not by the one that ran the node. */
function ownAnswer(executionId: string, { status, headers, body }: RespondOutput): Answer {
  const own = Object.entries(headers)
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .filter(([name, value]) => headerProblem(name, value) === null);
  const isText = typeof body === 'string';
  const type = isBodyless(status) ? {} : { 'content-type': isText ? 'text/plain; charset=utf-8' : jsonType };
  return {
    status,
    headers: { ...type, ...Object.fromEntries(own), ...named(executionId) },
    body: isBodyless(status) ? null : isText ? body : JSON.stringify(body ?? null),
    code: null,
    reason: null,
  };
}

function failed(executionId: string, error: Pick<NodeError, 'code' | 'message'>): Answer {
  return refusal(500, executionId, error.code, error.message);
}

function notEnded(executionId: string, timeoutMs: number): Answer {
  const message = `The execution has not ended within ${timeoutMs} ms. It goes on; a repeated delivery waits for it again.`;
  return refusal(504, executionId, 'EXECUTION_NOT_ENDED', message);
}

function stopping(executionId: string): Answer {
  const message = 'The server stops. The execution goes on; a repeated delivery waits for it again.';
  return refusal(503, executionId, 'SERVER_STOPPING', message, { 'retry-after': '1' });
}

function refusal(
  status: number,
  executionId: string,
  code: string,
  message: string,
  headers: OutgoingHttpHeaders = {},
): Answer {
  const body = { errors: [{ message, extensions: { code } }], executionId };
  return { ...jsonAnswer(status, { ...named(executionId), ...headers }, body), code, reason: message };
}

function jsonAnswer(status: number, headers: OutgoingHttpHeaders, body: unknown): Answer {
  return {
    status,
    headers: { ...headers, 'content-type': jsonType },
    body: JSON.stringify(body),
    code: null,
    reason: null,
  };
}

function named(executionId: string): OutgoingHttpHeaders {
  return { [EXECUTION_HEADER]: executionId };
}
