import { Field, InputType, Int, ObjectType } from 'type-graphql';
import { Execution } from '../execution/execution.type.ts';
import { JsonScalar } from '../scalars.ts';
import { Payload } from '../user-error/user-error.type.ts';

@InputType({ description: 'One piece of Python to run, with the configuration of a `python` node.' })
export class PythonRunInput {
  @Field(() => String, {
    description:
      'Sees `input` as `input_data`; sets `result`, or ends with an expression, to give an output.',
  })
  code!: string;

  @Field(() => [String], {
    defaultValue: [],
    description: 'Python requirements (PEP 508), such as `pandas>=2`.',
  })
  packages!: string[];

  @Field(() => Int, {
    nullable: true,
    description: 'Longest run time in milliseconds: 1000 to 300000, 30000 where none is given.',
  })
  timeoutMs?: number | null;

  @Field(() => Int, {
    nullable: true,
    description: 'Most memory in MiB: 32 to 16384, 512 where none is given.',
  })
  memoryMb?: number | null;

  @Field(() => JsonScalar, { nullable: true, description: 'Becomes `input_data`.' })
  input?: unknown;

  @Field(() => String, {
    nullable: true,
    description: 'The same key again gives the execution of the first time: 1 to 200 characters.',
  })
  idempotencyKey?: string | null;
}

@ObjectType({ simpleResolvers: true, implements: Payload, description: 'What `pythonRun` answers.' })
export class PythonRunPayload extends Payload {
  @Field(() => Execution, {
    nullable: true,
    description: 'The execution, whose one node has the key `python`; null where there are userErrors.',
  })
  execution!: Execution | null;
}

@ObjectType({
  simpleResolvers: true,
  description: 'One place in code that the sandbox does not allow, or where it is not Python.',
})
export class PythonFinding {
  @Field(() => String, {
    description: 'The rule that is broken, such as `blocked-import` or `syntax-error`.',
  })
  rule!: string;

  @Field(() => String, { description: 'For people.' })
  message!: string;

  @Field(() => Int, { nullable: true, description: 'The line, from 1.' })
  line!: number | null;

  @Field(() => Int, { nullable: true, description: 'The column, from 1.' })
  column!: number | null;
}

@ObjectType({ simpleResolvers: true, description: 'What can be said of code without running it.' })
export class PythonCheck {
  @Field(() => Boolean, {
    description: 'Whether nothing was found. The code may still be stopped while it runs.',
  })
  ok!: boolean;

  @Field(() => [PythonFinding], { description: 'All that was found, in the order of the code.' })
  violations!: PythonFinding[];
}
