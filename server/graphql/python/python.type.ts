import { Field, InputType, Int, ObjectType } from 'type-graphql';
import type { PythonPolicy as PythonPolicyName } from '../../sandbox/backend.ts';
import { Execution } from '../execution/execution.type.ts';
import { JsonScalar, LabelsScalar } from '../scalars.ts';
import { Payload } from '../user-error/user-error.type.ts';
import { PythonPolicy, PythonShape } from './python.enums.ts';

@InputType({ description: 'One piece of Python to run, with the configuration of a `python` node.' })
export class PythonRunInput {
  @Field(() => String, {
    description:
      'The code reads the input as `input_data`. Its output is `result`, the value of its last expression, or what it or its `main` returns.',
  })
  code!: string;

  @Field(() => [String], {
    defaultValue: [],
    description: 'Python requirements (PEP 508), such as `pandas>=2`.',
  })
  packages!: string[];

  @Field(() => Int, {
    nullable: true,
    description:
      'Longest run time in milliseconds: 1000 to 300000, or to what PYTHON_MAX_TIMEOUT_SECONDS of the server says; by default 30000.',
  })
  timeoutMs?: number | null;

  @Field(() => Int, {
    nullable: true,
    description: 'Most memory in MiB: 32 to 16384, by default 512.',
  })
  memoryMb?: number | null;

  @Field(() => Int, {
    nullable: true,
    description: "How many calls may be nested: 1000 to 20000, by default Python's own 1000.",
  })
  recursionLimit?: number | null;

  @Field(() => PythonPolicy, {
    nullable: true,
    description: "What the code may do, never more than the server's PYTHON_POLICY, which it is by default.",
  })
  policy?: PythonPolicyName | null;

  @Field(() => [String], {
    nullable: true,
    description:
      'Hosts that the code may send requests to, such as `api.example.com`, within what the operator opens (PYTHON_ALLOWED_HOSTS).',
  })
  hosts?: string[] | null;

  @Field(() => JsonScalar, { nullable: true, description: 'Becomes `input_data`.' })
  input?: unknown;

  @Field(() => LabelsScalar, { nullable: true, description: 'What the execution is found by.' })
  labels?: Record<string, string> | null;

  @Field(() => String, {
    nullable: true,
    description:
      '1 to 200 characters. A second run with the same key returns the first execution and starts nothing; with other code or another input it is refused with IDEMPOTENCY_CONFLICT.',
  })
  idempotencyKey?: string | null;

  @Field(() => Int, {
    nullable: true,
    description:
      'Seconds that the key counts, 1 to 31536000; after them it starts another execution. By default it counts for as long as its execution is kept.',
  })
  idempotencyTtlSeconds?: number | null;
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
  description: 'One place in the code that the sandbox does not allow, or that is not valid Python.',
})
export class PythonFinding {
  @Field(() => String, {
    description: 'The rule that is broken, such as `blocked-module`, `syntax-error` or `two-shapes`.',
  })
  rule!: string;

  @Field(() => String, { description: 'For people.' })
  message!: string;

  @Field(() => Int, { nullable: true, description: 'The line, from 1.' })
  line!: number | null;

  @Field(() => Int, { nullable: true, description: 'The column, from 1.' })
  column!: number | null;
}

@ObjectType({ simpleResolvers: true, description: 'The result of checking code without running it.' })
export class PythonCheck {
  @Field(() => Boolean, {
    description: 'True when no violation was found. The code may still be stopped while it runs.',
  })
  ok!: boolean;

  @Field(() => [PythonFinding], { description: 'All violations, in the order of the code.' })
  violations!: PythonFinding[];

  @Field(() => PythonShape, {
    nullable: true,
    description: 'The shape of the code, and so how it runs; null for code that cannot run.',
  })
  shape!: keyof typeof PythonShape | null;

  @Field(() => PythonPolicy, { description: 'The policy by which the code was judged.' })
  policy!: PythonPolicyName;

  @Field(() => JsonScalar, {
    nullable: true,
    description:
      "Of the shape MAIN: the JSON Schema of the input, read from the signature of `main`: the names, types and defaults of its parameters, and its docstring. A form for the node's input can be drawn from it.",
  })
  inputSchema!: unknown;

  @Field(() => [String], {
    description:
      'The packages that the code declares itself, in a block `# /// script` (PEP 723). The node has them beside its own.',
  })
  packages!: string[];

  @Field(() => [String], {
    description:
      'The packages that the code imports, and that neither it nor the `packages` of the check name: those to propose. By the names to install them by, such as `scikit-learn` for `sklearn`; whether the server allows them is not looked at.',
  })
  missingPackages!: string[];
}
