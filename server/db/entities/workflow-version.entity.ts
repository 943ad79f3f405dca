import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Never updated: an execution keeps the version that it ran. */
@Entity('workflow_versions')
export class WorkflowVersionEntity {
  @PrimaryColumn('text', { name: 'workflow_id' })
  workflowId!: string;

  @PrimaryColumn('integer')
  number!: number;

  /** A WorkflowDraft. */
  @Column('json')
  definition!: unknown;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
