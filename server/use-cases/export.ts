import type { Pool } from 'pg';
import type { Database } from '../db/database.ts';
import { ExecutionEntity } from '../db/entities/execution.entity.ts';
import { WorkflowVersionEntity } from '../db/entities/workflow-version.entity.ts';
import type { JournalEvent } from '../journal/event.ts';
import { journalBytes, readEvents } from '../journal/read.ts';
import { fromStored, type WorkflowDraft } from '../nodes/draft.ts';
import { WeftError } from '../shared/errors.ts';
import { toExecution } from './execution-mapper.ts';
import type { Execution, ExecutionValues } from './types.ts';

/**
 * One execution, whole: what was run, how it stands, and everything that happened. For tests, archives and reports of
 * bugs. Within a format version fields are only added.
 */
export interface ExecutionExport {
  format: 'weft-execution';
  formatVersion: 1;
  exportedAt: Date;
  execution: Omit<Execution, 'project' | 'principal' | 'workflowId' | 'versionNumber'> & ExecutionValues;
  /** The version that ran, with the id of its workflow; without id and number of a pythonRun. */
  workflow: WorkflowDraft & { id: string | null; versionNumber: number | null };
  events: JournalEvent[];
}

/** It is one response, made in memory. */
const MAX_EXPORT_BYTES = 32 * 1024 * 1024;
const PAGE_EVENTS = 1_000;

export function makeExportUseCases({ database }: { database: Database }) {
  const { manager, pool } = database;

  return {
    /** Null when there is none of that id. @throws WeftError EXPORT_TOO_LARGE */
    async export(id: string): Promise<ExecutionExport | null> {
      const row = await manager
        .createQueryBuilder(ExecutionEntity, 'e')
        .addSelect(['e.definition', 'e.input', 'e.output'])
        .where({ id })
        .getOne();
      if (row === null) return null;
      requireSmall(await journalBytes(pool, id));
      const { workflowId, versionNumber, principal: _, project: __, ...execution } = toExecution(row);
      return {
        format: 'weft-execution',
        formatVersion: 1,
        exportedAt: new Date(),
        execution: { ...execution, input: row.input, output: row.output },
        workflow: { id: workflowId, versionNumber, ...(await definitionOf(row)) },
        events: await allEvents(pool, id),
      };
    },
  };

  async function definitionOf({
    definition,
    workflowId,
    versionNumber,
  }: ExecutionEntity): Promise<WorkflowDraft> {
    if (workflowId === null || versionNumber === null) return fromStored(definition as WorkflowDraft);
    const key = { workflowId, number: versionNumber };
    const version = await manager.findOneByOrFail(WorkflowVersionEntity, key);
    return fromStored(version.definition as WorkflowDraft);
  }
}

function requireSmall(bytes: number): void {
  if (bytes <= MAX_EXPORT_BYTES) return;
  const mib = (size: number) => `${Math.ceil(size / 1024 / 1024)} MiB`;
  throw new WeftError(
    'EXPORT_TOO_LARGE',
    `Expected an execution whose events take at most ${mib(MAX_EXPORT_BYTES)}, got ${mib(bytes)}. Read them page by page ` +
      'with `execution { events }`, or follow `executionEvents` from the start.',
  );
}

async function allEvents(pool: Pool, id: string): Promise<JournalEvent[]> {
  const events: JournalEvent[] = [];
  for (let after = 0; ; ) {
    const page = await readEvents(pool, id, { after, limit: PAGE_EVENTS });
    for (const event of page.events) events.push(event);
    if (page.atEnd) return events;
    after = page.endSequence;
  }
}
