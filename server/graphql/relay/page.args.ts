import { ArgsType, Field, Int } from 'type-graphql';
import { defaultPageSize, maxPageSize } from './connection.ts';

@ArgsType()
export class PageArgs {
  @Field(() => Int, {
    defaultValue: defaultPageSize,
    description: `How many items at most, from 1 to ${maxPageSize}.`,
  })
  first!: number;

  @Field(() => String, { nullable: true, description: 'A cursor of this list: the page begins after it.' })
  after?: string | null;
}
