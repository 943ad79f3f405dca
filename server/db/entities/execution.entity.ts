import { Column, Entity, PrimaryColumn } from 'typeorm';

/**
 * The part of an execution that lists and filters read without its journal. Status, times, output and error are a
 * projection, written in the commit of the event that they follow from. Columns that may be large are not selected by
 * default.
 */
@Entity('executions')
export class ExecutionEntity {
  @PrimaryColumn('text')
  id!: string;

  /** That of its workflow, or of whoever runs Python without one. It never changes. */
  @Column('text')
  project!: string;

  @Column('text', { name: 'workflow_id', nullable: true })
  workflowId!: string | null;

  @Column('integer', { name: 'version_number', nullable: true })
  versionNumber!: number | null;

  /** The WorkflowDraft, where the execution has no workflow (pythonRun). */
  @Column('json', { nullable: true, select: false })
  definition!: unknown;

  @Column('text')
  status!: string;

  @Column('json', { nullable: true, select: false })
  input!: unknown;

  @Column('json', { nullable: true, select: false })
  output!: unknown;

  @Column('json', { nullable: true })
  error!: unknown;

  /** The principal that started the execution. */
  @Column('text')
  principal!: string;

  @Column('text', { name: 'idempotency_key', nullable: true })
  idempotencyKey!: string | null;

  /** Until when the key counts; null for as long as the execution is kept. */
  @Column('timestamptz', { name: 'idempotency_expires_at', nullable: true })
  idempotencyExpiresAt!: Date | null;

  @Column('text', { name: 'retry_of', nullable: true })
  retryOf!: string | null;

  @Column('text', { name: 'retry_strategy', nullable: true })
  retryStrategy!: string | null;

  /** The execution whose node started this one; null where none did, or it was deleted. */
  @Column('text', { name: 'parent_id', nullable: true })
  parentId!: string | null;

  @Column('text', { name: 'parent_node_key', nullable: true })
  parentNodeKey!: string | null;

  @Column('integer', { name: 'parent_item', nullable: true })
  parentItem!: number | null;

  /** Whether that node waits for this execution. */
  @Column('boolean', { name: 'is_awaited' })
  isAwaited!: boolean;

  /** How many executions started one another up to this one. */
  @Column('integer')
  depth!: number;

  /** 1 to 5; 5 goes first. */
  @Column('smallint')
  priority!: number;

  /** The execution for which a limit asked for the end of this one. */
  @Column('text', { name: 'replaced_by', nullable: true })
  replacedBy!: string | null;

  /** What it is found by; null for none. */
  @Column('jsonb', { nullable: true })
  labels!: Record<string, string> | null;

  /** The schedule that started it; null where none did. */
  @Column('text', { name: 'trigger_id', nullable: true })
  triggerId!: string | null;

  /** The time of the schedule that it is for. */
  @Column('timestamptz', { name: 'scheduled_at', nullable: true })
  scheduledAt!: Date | null;

  /** The trace that whoever started it is in, as W3C Trace Context writes it; null for one of its own. */
  @Column('text', { nullable: true })
  traceparent!: string | null;

  @Column('text', { nullable: true })
  tracestate!: string | null;

  /** Set by a client's request; the one writer of the execution acts on it. */
  @Column('text', { name: 'cancel_requested', nullable: true })
  cancelRequested!: string | null;

  /** What it waits for, while its status is WAITING: a Wait. */
  @Column('json', { nullable: true })
  wait!: unknown;

  /** Where it does not run the whole workflow: the nodes that it starts at and runs to. */
  @Column('json', { nullable: true })
  partial!: { from: string[]; to: string[]; pinnedFrom: string | null } | null;

  /** With it: what stands in for nodes that do not run, a list of PinnedOutput. */
  @Column('json', { nullable: true, select: false })
  pinned!: unknown;

  /** How long it may take from its start, milliseconds; null for as long as its workflow says. */
  @Column('double precision', { name: 'timeout_ms', nullable: true })
  timeoutMs!: number | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'started_at', nullable: true })
  startedAt!: Date | null;

  @Column('timestamptz', { name: 'finished_at', nullable: true })
  finishedAt!: Date | null;
}
