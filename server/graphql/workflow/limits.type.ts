import { Field, Float, Int, ObjectType } from 'type-graphql';
import type { WhenFull as WhenFullName } from '../../nodes/draft.ts';
import { WhenFull } from './workflow.enums.ts';

const KEY =
  'A JSONata expression over `input`: executions with the same value count together; null where all of the workflow do.';

@ObjectType({ simpleResolvers: true, description: 'How many executions are under way at once.' })
export class Concurrency {
  @Field(() => Int, { description: 'So many of one key, from their admission to their end.' })
  max!: number;

  @Field(() => String, { nullable: true, description: KEY })
  key!: string | null;

  @Field(() => WhenFull, { description: 'What becomes of a start when so many are.' })
  whenFull!: WhenFullName;
}

@ObjectType({ simpleResolvers: true, description: 'How many executions are admitted within a time.' })
export class Rate {
  @Field(() => Int, { description: 'So many of one key.' })
  max!: number;

  @Field(() => Float, { description: 'Within any so many milliseconds.' })
  perMs!: number;

  @Field(() => String, { nullable: true, description: KEY })
  key!: string | null;
}

@ObjectType({
  simpleResolvers: true,
  description: 'Starts that follow each other closely become one execution, with the input of the last.',
})
export class Debounce {
  @Field(() => Float, { description: 'It starts so many milliseconds after the last start.' })
  waitMs!: number;

  @Field(() => Float, {
    nullable: true,
    description: 'And at the latest so many milliseconds after the first; null for as long as starts follow.',
  })
  maxWaitMs!: number | null;

  @Field(() => String, { nullable: true, description: KEY })
  key!: string | null;
}
