import { WeftRequestError } from './errors.ts';
import type { ExecutionEvent } from './event.ts';
import type { Execution } from './run.ts';
import type { Workflow } from './workflows.ts';

/** A whole execution as one JSON document: to keep, to attach to a bug report, and to replay in tests. */
export interface ExecutionExport {
  format: 'weft-execution';
  formatVersion: 1;
  exportedAt: string;
  execution: Omit<Execution, 'workflow' | 'version'> & {
    retryOfId: string | null;
    /** 1 to 5; absent, as the next three, in documents of servers that knew none. */
    priority?: number;
    /** The schedule that started it, and the time that it is for; null where none did. */
    scheduleId?: string | null;
    scheduledAt?: string | null;
    /** The webhook that started it; null where none did. */
    webhookId?: string | null;
    /** The node that started it; null where none did, and absent in documents of servers that knew no such nodes. */
    parent?: { executionId: string; nodeKey: string; item: number | null } | null;
  };
  /** The version that ran; `id` and `versionNumber` are null for `python.run()`, which has no workflow. */
  workflow: Omit<Workflow['latestVersion'], 'number' | 'createdAt'> & {
    id: string | null;
    versionNumber: number | null;
  };
  events: ExecutionEvent[];
}

/** Checks that a parsed document is an export of a known format. @throws WeftRequestError where it is not */
export function readExport(document: unknown): ExecutionExport {
  const { format, formatVersion } = (document ?? {}) as Partial<ExecutionExport>;
  if (format === 'weft-execution' && formatVersion === 1) return document as ExecutionExport;
  const got = format === undefined ? 'a document without a format' : `${format} ${formatVersion}`;
  throw new WeftRequestError(
    'UNKNOWN_FORMAT',
    `Expected an export of format weft-execution 1, got ${got}. ` +
      'Export the execution again with `weft.executions.export(id)`, or update @weft/client.',
  );
}
