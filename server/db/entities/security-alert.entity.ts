import { Column, Entity, PrimaryColumn } from 'typeorm';

/** An alert that repeated violations have raised. */
@Entity('security_alerts')
export class SecurityAlertEntity {
  /** A bigint, which the driver gives as text. */
  @PrimaryColumn('bigint', { generated: 'identity' })
  id!: string;

  @Column('text')
  project!: string;

  /** What the violations have in common: a workflow's id, or `python:` and who ran Python without one. */
  @Column('text')
  subject!: string;

  /** The one whose violation was one too many. */
  @Column('text', { name: 'execution_id' })
  executionId!: string;

  @Column('integer')
  violations!: number;

  @Column('integer', { name: 'window_seconds' })
  windowSeconds!: number;

  @Column('timestamptz', { name: 'raised_at' })
  raisedAt!: Date;
}
