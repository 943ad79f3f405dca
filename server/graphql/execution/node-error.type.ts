import { Field, Int, ObjectType } from 'type-graphql';
import { JsonScalar } from '../scalars.ts';

@ObjectType({ simpleResolvers: true, description: 'Why a node, or the execution it belongs to, failed.' })
export class NodeError {
  @Field(() => String, {
    description:
      'For programs. Of Python nodes: `PYTHON_NOT_FOUND`, `PYTHON_TIMEOUT`, `PYTHON_SECURITY_ERROR`, `PYTHON_EXECUTION_ERROR`, `PYTHON_SERVICE_ERROR`, `PYTHON_PACKAGE_ERROR`, `PYTHON_MEMORY_LIMIT` or `PYTHON_SANDBOX_UNAVAILABLE`. Of any node: `VALUE_TOO_LARGE`, `EXPRESSION_ERROR`, `INVALID_CONFIG`, `INVALID_FOR_EACH`. Of `http` nodes: `HTTP_STATUS`, `HTTP_TIMEOUT`, `HTTP_NETWORK`, `HTTP_REFUSED_ADDRESS`, `HTTP_TOO_LARGE`, `HTTP_TOO_MANY_REDIRECTS`, `HTTP_INVALID_REQUEST`, `HTTP_INVALID_RESPONSE`. Of an execution as a whole: `OUTPUT_INVALID`.',
  })
  code!: string;

  @Field(() => String, {
    nullable: true,
    description: "The exception's class where code raised one, such as `ValueError`.",
  })
  type!: string | null;

  @Field(() => String, { description: 'For people.' })
  message!: string;

  @Field(() => String, {
    nullable: true,
    description: "The Python traceback: the user's own frames, with their own line numbers.",
  })
  traceback!: string | null;

  @Field(() => Int, { nullable: true, description: "The line of the user's code, from 1." })
  line!: number | null;

  @Field(() => Int, { nullable: true, description: 'The column in that line, from 1, where it is known.' })
  column!: number | null;

  @Field(() => Int, { nullable: true, description: 'The exit code of a process that ended by itself.' })
  exitCode!: number | null;

  @Field(() => String, { nullable: true, description: 'The last few KiB of what the run wrote to stderr.' })
  stderr!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'The node that failed; null where the execution failed as a whole.',
  })
  nodeKey!: string | null;

  @Field(() => JsonScalar, {
    nullable: true,
    description:
      'What the code alone does not say. Of `HTTP_STATUS`: `{ status, url, body }`, with the first KiB of the body.',
  })
  details?: unknown;

  @Field(() => Int, {
    nullable: true,
    description: 'Of a list that failed by one of its items: the index of the item, from 0.',
  })
  item?: number | null;

  @Field(() => Boolean, {
    description: 'Whether another attempt may succeed without a change of the code.',
  })
  retryable!: boolean;
}
