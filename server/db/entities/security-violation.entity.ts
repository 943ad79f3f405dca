import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One row of the append-only audit trail, written in the commit of the journal event that it copies. */
@Entity('security_violations')
export class SecurityViolationEntity {
  /** A bigint, which the driver returns as text. */
  @PrimaryColumn('bigint', { generated: 'identity' })
  id!: string;

  @Column('text')
  project!: string;

  @Column('text', { name: 'execution_id' })
  executionId!: string;

  @Column('integer')
  seq!: number;

  @Column('text', { name: 'node_key' })
  nodeKey!: string;

  @Column('integer')
  attempt!: number;

  @Column('integer', { nullable: true })
  item!: number | null;

  /** The principal that started the execution. */
  @Column('text')
  principal!: string;

  @Column('text', { name: 'workflow_id', nullable: true })
  workflowId!: string | null;

  @Column('integer', { name: 'version_number', nullable: true })
  versionNumber!: number | null;

  /** SHA-256 of the node's code, in hex. */
  @Column('text', { name: 'code_hash' })
  codeHash!: string;

  @Column('text')
  rule!: string;

  @Column('text')
  layer!: string;

  /** Follows from `layer`. */
  @Column('text')
  severity!: string;

  /** How often it came. */
  @Column('integer')
  count!: number;

  /** A PythonViolation. */
  @Column('json')
  violation!: unknown;

  @Column('timestamptz', { name: 'occurred_at' })
  occurredAt!: Date;
}
