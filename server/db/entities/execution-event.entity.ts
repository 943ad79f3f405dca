import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One journal event. The primary key is the fence: a second writer of an execution gets a duplicate key. */
@Entity('execution_events')
export class ExecutionEventEntity {
  @PrimaryColumn('text', { name: 'execution_id' })
  executionId!: string;

  @PrimaryColumn('integer')
  seq!: number;

  @Column('text')
  type!: string;

  @Column('text', { name: 'node_key', nullable: true })
  nodeKey!: string | null;

  @Column('integer', { nullable: true })
  attempt!: number | null;

  @Column('integer', { nullable: true })
  item!: number | null;

  /** The fields of the event's type. */
  @Column('json')
  payload!: unknown;

  @Column('timestamptz', { name: 'occurred_at' })
  occurredAt!: Date;

  /** The process that wrote the event; distinguishes its own repeated insert from that of another writer. */
  @Column('text')
  writer!: string;
}
