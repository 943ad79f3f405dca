import { ArgsType, Field, Int } from 'type-graphql';
import { defaultPageSize, maxPageSize } from './page-size.ts';

@ArgsType()
export class PageArgs {
  @Field(() => Int, {
    nullable: true,
    description: `How many items at most, from 1 to ${maxPageSize}; by default ${defaultPageSize}.`,
  })
  first?: number | null;

  @Field(() => String, { nullable: true, description: 'A cursor of this list: the page begins after it.' })
  after?: string | null;

  @Field(() => Int, {
    nullable: true,
    description: `Instead of \`first\`: how many items at most, from 1 to ${maxPageSize}, from the end of the list or before \`before\`.`,
  })
  last?: number | null;

  @Field(() => String, {
    nullable: true,
    description: 'Instead of `after`: a cursor of this list, and the page ends before it.',
  })
  before?: string | null;
}
