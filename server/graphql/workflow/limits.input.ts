import { Field, Float, InputType, Int } from 'type-graphql';
import type { WhenFull as WhenFullName } from '../../nodes/draft.ts';
import { WhenFull } from './workflow.enums.ts';

const KEY =
  'A JSONata expression over `input`, such as `input.customerId`: executions with the same value, a text, number or boolean, count together. By default all of the workflow do.';

@InputType({ description: 'How many executions are under way at once.' })
export class ConcurrencyInput {
  @Field(() => Int, {
    description: 'So many of one key, from their admission to their end, waits included: 1 to 10000.',
  })
  max!: number;

  @Field(() => String, { nullable: true, description: KEY })
  key?: string | null;

  @Field(() => WhenFull, { defaultValue: 'QUEUE', description: 'What becomes of a start when so many are.' })
  whenFull!: WhenFullName;
}

@InputType({ description: 'How many executions are admitted within a time; what is more waits.' })
export class RateInput {
  @Field(() => Int, { description: 'So many of one key: 1 to 10000.' })
  max!: number;

  @Field(() => Float, { description: 'Within any so many milliseconds: 1000 to 2678400000 (31 days).' })
  perMs!: number;

  @Field(() => String, { nullable: true, description: KEY })
  key?: string | null;
}

@InputType({
  description: 'Starts that follow each other closely become one execution, with the input of the last.',
})
export class DebounceInput {
  @Field(() => Float, {
    description: 'It starts so many milliseconds after the last start: 1000 to 86400000 (a day).',
  })
  waitMs!: number;

  @Field(() => Float, {
    nullable: true,
    description:
      'And at the latest so many milliseconds after the first: from `waitMs` to 2678400000 (31 days). By default it waits for as long as starts follow.',
  })
  maxWaitMs?: number | null;

  @Field(() => String, { nullable: true, description: KEY })
  key?: string | null;
}
