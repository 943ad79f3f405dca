import { Field, Int, ObjectType } from 'type-graphql';
import { ViolationLayer } from './execution-event.enums.ts';

@ObjectType({
  simpleResolvers: true,
  description: 'What code tried that its sandbox does not allow, and where.',
})
export class Violation {
  @Field(() => String, { description: 'Always `PYTHON_SECURITY_ERROR`: the code that the run fails with.' })
  code!: string;

  @Field(() => String, { description: 'The rule that was broken, such as `blocked-import`.' })
  rule!: string;

  @Field(() => ViolationLayer, { description: 'Which wall of the sandbox stopped it.' })
  layer!: keyof typeof ViolationLayer;

  @Field(() => String, { description: 'For people.' })
  message!: string;

  @Field(() => Int, { nullable: true, description: "The line of the user's code, from 1." })
  line!: number | null;

  @Field(() => Int, { nullable: true, description: 'The column in that line, from 1.' })
  column!: number | null;
}
