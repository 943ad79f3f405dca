import { ArgsType, Field, Int } from 'type-graphql';

export const maxPageSize = 100;
export const defaultPageSize = 20;

@ArgsType()
export class PageArgs {
  @Field(() => Int, {
    nullable: true,
    defaultValue: defaultPageSize,
    description: `How many items at most, from 1 to ${maxPageSize}.`,
  })
  first?: number | null;

  @Field(() => String, { nullable: true, description: 'A cursor of this list: the page begins after it.' })
  after?: string | null;
}
