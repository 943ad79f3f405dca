import { WeftRequestError } from './errors.ts';
import type { ExecutionEvent } from './event.ts';
import type { Execution } from './run.ts';
import type { Workflow } from './workflows.ts';

/** One whole execution as one JSON document: to keep, to send along with a report of a bug, and to replay in tests. */
export interface ExecutionExport {
  format: 'weft-execution';
  formatVersion: 1;
  exportedAt: string;
  execution: Omit<Execution, 'workflow' | 'version'> & { retryOfId: string | null };
  /** The version that ran; without id and number of a piece of Python that had no workflow. */
  workflow: Omit<Workflow['latestVersion'], 'number' | 'createdAt'> & {
    id: string | null;
    versionNumber: number | null;
  };
  events: ExecutionEvent[];
}

/** Takes a parsed document for an export. @throws WeftRequestError where it is none that this version reads */
export function readExport(document: unknown): ExecutionExport {
  const { format, formatVersion } = (document ?? {}) as Partial<ExecutionExport>;
  if (format === 'weft-execution' && formatVersion === 1) return document as ExecutionExport;
  throw new WeftRequestError(
    'UNKNOWN_FORMAT',
    `Expected an export of format weft-execution 1, got ${format ?? 'a document without a format'} ${formatVersion ?? ''}. ` +
      'Export the execution again with `weft.executions.export(id)`, or update @weft/client.',
  );
}
