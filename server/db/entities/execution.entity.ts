import { Column, Entity, PrimaryColumn } from 'typeorm';

/**
 * What lists and filters need to know of an execution without reading its journal. Status, times, output and
 * error are a projection, written in the same commit as the event they follow from. What may be large comes only
 * where it is asked for by name.
 */
@Entity('executions')
export class ExecutionEntity {
  @PrimaryColumn('text')
  id!: string;

  @Column('text', { name: 'workflow_id', nullable: true })
  workflowId!: string | null;

  @Column('integer', { name: 'version_number', nullable: true })
  versionNumber!: number | null;

  /** The WorkflowDraft itself where there is no workflow (pythonRun). */
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

  /** Who started it. */
  @Column('text')
  principal!: string;

  @Column('text', { name: 'idempotency_key', nullable: true })
  idempotencyKey!: string | null;

  @Column('text', { name: 'retry_of', nullable: true })
  retryOf!: string | null;

  @Column('text', { name: 'retry_strategy', nullable: true })
  retryStrategy!: string | null;

  /** Asked for by a client, acted on by the execution's one writer. */
  @Column('text', { name: 'cancel_requested', nullable: true })
  cancelRequested!: string | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'started_at', nullable: true })
  startedAt!: Date | null;

  @Column('timestamptz', { name: 'finished_at', nullable: true })
  finishedAt!: Date | null;
}
